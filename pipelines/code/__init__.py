"""What is known of a source file from its name and its text: its language and its licence."""
