"""Data Docs: what validations found as a static site, a page for each version of an asset, that needs no network."""
