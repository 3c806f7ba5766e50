"""From scores to levels and buckets."""
