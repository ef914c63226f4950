"""What runs inside a workflow pod: one file a step, the same in a pod and on a laptop.

A step knows its inputs: the resolved spec, its parameters, the folders of its artifacts, and the services that the
environment names. It must not know charts, manifests or plans; `deploy` alone knows releases.
"""
