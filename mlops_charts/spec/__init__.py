"""What may be said in model.yaml and platform.yaml: closed types, units, defaults. It must not know Kubernetes."""
