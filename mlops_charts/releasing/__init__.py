"""What moves releases: it looks at the cluster, the metrics and git, asks the judge, and commits what follows.

`release` says what a state is and what may become of it; here the world is looked at and written to.
"""
