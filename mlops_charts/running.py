"""What `run` does: render the pipeline of a model, and run its Workflow here."""
