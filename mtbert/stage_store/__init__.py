"""Finished stages on disk, keyed by everything that decides their result, so that runs can share them."""
