"""Multitask BERT as a trainer: its driver's half and its worker's half."""
