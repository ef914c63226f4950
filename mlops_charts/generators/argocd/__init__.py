"""What Argo CD reads: the Applications of a model, the project they live in, and the root that a person applies once.

Pure functions from a plan or a platform to manifests by path below apps/. Knows where charts stand in the repository
and which files an Application reads; it must not know what is in the charts.
"""

from mlops_charts.generators.argocd.models import model_apps
from mlops_charts.generators.argocd.platform import platform_apps

__all__ = ["model_apps", "platform_apps"]
