"""The measurements that count as results: complete runs with fresh seeds, their metrics, costs and units."""
