"""Stages: the steps a run is made of, each a pure function of the model's state, its part of the configuration, the
data and the run's seed.
"""
