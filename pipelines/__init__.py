"""Documents: sources, extraction, filters, dedup, held-out split, tokens, shards, and the store that records them."""
