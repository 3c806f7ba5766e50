"""The benchmark `raw_to_shards`: from a crawl's archives to token files with their index, every step between."""
