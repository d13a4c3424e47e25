"""Training networks: recipes, the training loop, optimizers, callbacks and checkpoints."""
