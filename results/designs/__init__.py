"""Tables of designs with several changes at once: screens, interactions, and the greedy path."""
