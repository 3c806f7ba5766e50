"""Reading batches: millions of tokens a second from token files in the page cache to arrays that a model takes."""
