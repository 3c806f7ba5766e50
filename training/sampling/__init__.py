"""Sampling: which tokens every sample of a manifest holds, and the inverse."""
