"""What would be kept at other thresholds: documents are judged again by their attributes alone, no text is read."""
