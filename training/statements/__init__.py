"""What reporting guidelines and rules ask of a model, answered from the run."""
