"""Copies of a study's runs in MLflow and TensorBoard (`--track`); the original is the database."""
