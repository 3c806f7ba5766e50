"""The sections of the page, a module for each subject."""
