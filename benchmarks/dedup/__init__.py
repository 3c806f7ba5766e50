"""Near-duplicate detection: megabytes of text a second from texts in memory to the documents to remove."""
