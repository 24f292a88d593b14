"""What counts as a result: complete runs with fresh seeds, their metrics, costs and units."""
