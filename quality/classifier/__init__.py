"""Quality classifiers: labelled documents, training by cross-fitting, and what the models are worth."""
