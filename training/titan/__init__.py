"""The one adapter to torchtitan 0.3.0. Whatever imports torchtitan imports ``training.titan.compat`` first."""
