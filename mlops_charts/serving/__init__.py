"""The model server: a folder of a saved model becomes an HTTP service. It knows nothing else of the house."""
