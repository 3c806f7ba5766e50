"""Compiled measures of texts, straight from Arrow's buffers: no Python string is made for a word or a line."""
