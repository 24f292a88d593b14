"""Finished stages on disk, found by what decides their result, so that runs with the same beginning pay for it once."""
