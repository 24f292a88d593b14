"""Importance of factors: Shapley effects on a random forest, compared with null factors."""
