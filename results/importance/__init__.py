"""How much each factor matters: Shapley effects on a random forest, beside null factors."""
