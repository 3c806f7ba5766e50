"""Tokens: where the tokens of samples lie, and reading them."""
