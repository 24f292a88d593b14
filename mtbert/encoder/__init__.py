"""The BERT encoder: building blocks, published checkpoints, backbones by name."""
