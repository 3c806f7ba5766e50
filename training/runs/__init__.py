"""Runs: manifests trained, in folders with their checkpoints and metrics."""
