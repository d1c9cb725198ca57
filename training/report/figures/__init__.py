"""Figures drawn for the report: numbers come in, a matplotlib figure goes out."""
