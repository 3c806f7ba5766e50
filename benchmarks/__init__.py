"""Ours beside its peers: the same input, on one core, in one run. ``python -m benchmarks [name ...]``."""
