"""Raw data: where it lies, fetched or pinned there, and its files opened for reading."""
