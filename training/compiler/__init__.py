"""The compiler: a declared recipe against exact shards becomes a manifest."""
