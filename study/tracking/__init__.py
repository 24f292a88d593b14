"""Copies of a study's runs for MLflow and TensorBoard (`--track`); the database is what they are copies of."""
