"""Training a stage: epochs, optimizers, gradients, evaluation, and what frozen parts compute once."""
