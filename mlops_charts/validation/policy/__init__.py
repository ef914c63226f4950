"""Policy: what a platform engineer answers for. Pods, images, secrets, permissions, network.

Every proof here respects the scope's named exceptions. This package must not know Seldon's or Argo's own rules.
"""
