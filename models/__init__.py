"""From a feature row to a calibrated, explained and guarded risk."""
