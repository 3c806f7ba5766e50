"""Classification by fastText: how fast texts get their scores."""
