"""The errors of a configuration: predictions of its runs, confusion, calibration, slices and hard examples."""
