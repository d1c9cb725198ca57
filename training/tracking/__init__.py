"""Runs and models in MLflow, which is imported in this room alone."""
