"""Finished stages on disk, keyed by everything that decides their result, so that runs with the same beginning compute
it once.
"""
