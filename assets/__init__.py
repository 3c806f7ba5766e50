"""What exists and what depends on what: Dagster assets, checks and jobs over the four libraries, and the command."""
