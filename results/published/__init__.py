"""The five reports: what they claim and print, and how a study's results compare."""
