"""Models: their shapes and presets, and how steps of them are divided, computed and fitted into memory."""
