"""Growth: what it takes to start, to seek, and in memory, from a million samples to ten thousand million."""
