"""The page on one version of a corpus: what it is made of, what was dropped, what was checked."""
