"""The driver: launches studies, runs them on engines, and is the only package that imports all others."""
