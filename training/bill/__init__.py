"""The bill of data: what a run ate by a step."""
