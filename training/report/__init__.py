"""The report of a run: one HTML page, its figures, its tables, and the same for machines."""
