"""Declared: what a person writes about a run as YAML, before anything is known of the shards."""
