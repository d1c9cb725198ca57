"""Risks judged row by row: discrimination, calibration and their intervals over patients."""
