"""Evaluation: held-out loss of trained models, and comparisons between runs."""
