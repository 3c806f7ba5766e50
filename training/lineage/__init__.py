"""Lineage: from a checkpoint back to its sources, and from documents to steps."""
