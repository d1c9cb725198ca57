"""The model within groups of patients and rows, and the gaps between them."""
