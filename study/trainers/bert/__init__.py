"""The multitask BERT trainer: the half in the driver and the half in workers."""
