"""Perplexity of documents under two reference models, the difference between them, and the quadrants of both."""
