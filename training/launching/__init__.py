"""Launching: the processes that train a run, started, followed and ended."""
