"""The funnel: where everything that was read went, step by step, in documents, bytes and tokens."""
