"""Comparison of several studies: do the effects of the first carry over to the others?"""
