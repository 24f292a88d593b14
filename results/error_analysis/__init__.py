"""Where a configuration errs: predictions of its runs, confusion, calibration, slices and hard examples."""
