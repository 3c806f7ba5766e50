"""Models: their shapes, the presets that recipes name, and how many sequences are computed at a time."""
