"""Training: this trainer on a manifest beside torchtitan's own on tokens from memory."""
