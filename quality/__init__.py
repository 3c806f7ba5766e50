"""Quality: classifiers and buckets, and the expectations that artifacts must meet."""
