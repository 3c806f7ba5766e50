"""Deduplication over all sources: exact by id, then MinHash candidates whose shingles are compared exactly.

A document is removed only for a surviving one that it was itself compared with, never for the far end of a chain.
"""
