"""Trainers behind one interface: multitask BERT, a rehearsal of it, or a custom function."""
