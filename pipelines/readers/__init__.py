"""From the files of a source to records: one module for each family of formats."""
