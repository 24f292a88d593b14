"""Poolings: from hidden states (batch, tokens, width) to one vector per sentence (batch, width)."""
