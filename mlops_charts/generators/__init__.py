"""One file per concern: plan -> manifests. Knows the plan and the chart; not disk, clock or randomness."""
