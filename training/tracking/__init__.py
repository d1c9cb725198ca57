"""Runs and models in MLflow: what is logged, and its store, whose faults are told in a sentence."""
