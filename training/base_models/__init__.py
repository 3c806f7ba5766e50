"""Foreign models, trained by somebody else, that runs start from: brought in, and found to fit."""
