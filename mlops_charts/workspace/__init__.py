"""The ends that touch the world: finding models and the platform, reading folders, writing trees, asking git.

Knows paths and bytes; not what they mean.
"""

from mlops_charts.workspace.find import Workspace, find_workspace, model_files
from mlops_charts.workspace.folder import Folder, read_folder
from mlops_charts.workspace.write import Changes, changes_of, write_tree

__all__ = [
    "Changes",
    "Folder",
    "Workspace",
    "changes_of",
    "find_workspace",
    "model_files",
    "read_folder",
    "write_tree",
]
