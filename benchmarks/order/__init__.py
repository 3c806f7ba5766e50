"""The order of samples: how fast it is computed, and what it costs to begin and to seek as it grows."""
