"""Growth of deduplication: time and memory of the whole step, from a hundred thousand to ten million documents."""
