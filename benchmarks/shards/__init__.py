"""The benchmark `shards`: from files of documents to token files with their index."""
