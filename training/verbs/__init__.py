"""The verbs of `python -m training`: each file holds what its verb takes and does."""
