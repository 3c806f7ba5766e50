"""Scores of documents, from whatever gives them, in files beside the documents."""
