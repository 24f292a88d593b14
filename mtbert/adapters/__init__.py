"""Adapters: small trained parts that a task adds to the encoder all tasks share."""
