"""A rendered Workflow, run on this machine: processes instead of pods. It knows manifests and steps, not generators.

`fields` says of every field of a Workflow whether it is executed, irrelevant here, or refused; `flow` reads rendered
objects; `engine` walks the graph; `pods` does what a pod would; `records` keeps what happened, `page` shows it.
"""
