"""Planning: what a manifest will do, in numbers, words and pictures."""
