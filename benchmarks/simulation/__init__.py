"""Studies with planted effects, from rows in a database to verdicts: how often do the statistics err?"""
