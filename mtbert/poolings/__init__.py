"""Poolings: from hidden states (batch, tokens, width) to one vector a sentence (batch, width)."""
