"""Several studies side by side: do the effects of the first carry over to the others?"""
