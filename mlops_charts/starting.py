"""What `init` does, without the command line: the first files of a model, and of a repository that has none yet."""

from __future__ import annotations

from pathlib import Path

from mlops_charts.errors import Mistake
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.schema import schema_text
from mlops_charts.starter import full_model, minimal_model, platform_text, train_py
from mlops_charts.tree import Tree
from mlops_charts.workspace import Changes, find_workspace, write_tree

SCHEMAS = "model/.schemas"
ATTRIBUTES = """\
# The same bytes on every machine: other line endings would be another digest, and files that look stale.
model/** text=auto eol=lf
charts/** text eol=lf
apps/** text eol=lf
platform.yaml text eol=lf
"""


class Refused(Mistake):
    """A model cannot be started: its name is none, or it exists."""


def start(name: str, here: Path, *, full: bool = False) -> tuple[Path, Changes]:
    """Write the first files of a model and return the repository and what was written.

    Files that exist are left as they are, the schemas apart, which are brought up to date.

    Args:
        name: The model.
        here: A folder of the repository, or the folder that becomes one.
        full: Whether model.yaml states every field instead of the few that a model needs.

    Raises:
        Refused: The name is no name of a model, or its model.yaml exists.
    """
    workspace = find_workspace(here)
    root = workspace.root
    folder = f"model/{name}"
    text = _model_text(name, root, full=full)
    if (root / folder / "model.yaml").exists():
        raise Refused(f"{folder}/model.yaml exists, and is left as it is")
    seeds = {f"{folder}/model.yaml": text, f"{folder}/train.py": train_py()}
    if workspace.platform is None:
        seeds["platform.yaml"] = platform_text(f"{SCHEMAS}/platform.schema.json")
    seeds[".gitattributes"] = ATTRIBUTES
    schemas = {f"{SCHEMAS}/{kind}.schema.json": schema_text(kind) for kind in ("model", "platform")}
    return root, write_tree(Tree(schemas, seeds), root)


def _model_text(name: str, root: Path, *, full: bool) -> str:
    schema = "../.schemas/model.schema.json"
    text = full_model(name, schema, _environments(root)) if full else minimal_model(name, schema)
    source, _ = parse(text, "model.yaml")
    problems = parse_spec(ModelSpec, source).problems if source else ()
    for problem in problems:
        if problem.path == "metadata.name":
            raise Refused(f"{problem.message}: {problem.note}")
    return text


def _environments(root: Path) -> tuple[str, ...]:
    """Return the environments of the platform that the model will be rendered for."""
    path = root / "platform.yaml"
    text = path.read_bytes() if path.is_file() else platform_text()
    source, _ = parse(text, "platform.yaml")
    return tuple(parse_spec(PlatformSpec, source).spec.environments) if source else ("staging",)
