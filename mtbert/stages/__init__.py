"""Stages: the steps of a run, each a pure function of the model's state, its part of the configuration, the data and
the run's seed.
"""
