"""Training: recipes, manifests, the order of samples, the schedule, the torchtitan adapter, export, lineage of runs."""
