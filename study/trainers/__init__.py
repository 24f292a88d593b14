"""Trainers: what a study trains. Multitask BERT, a rehearsal of it, or anyone's model; all behind one seam."""
