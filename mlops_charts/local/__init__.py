"""A rendered Workflow, run on this machine: processes instead of pods. It knows manifests and steps, not generators."""
