"""Documents to be read by a person: drawn by what is known of them, each with everything that is known of it."""
