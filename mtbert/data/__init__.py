"""Data: labelled sentences from a folder, the hub or our own generator, checked, tokenized and batched."""
