"""How good a model is: its rows, its alarms, groups of patients, and what it may be doubted by."""
