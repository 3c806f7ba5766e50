"""Main-text extraction: its quality on pages whose text is known, and its speed."""
