"""The serving chart of a model as Argo CD would render it at each commit of a release file, with the real Helm."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_charts.assemble import Rendering
from mlops_charts.validation.helm import DocumentError, HelmError, find_helm, split
from mlops_charts.workspace.write import read_text, replace_text

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class ServingChart:
    """The serving chart of one environment, on the disk.

    Attributes:
        folder: The chart.
        values: Values files in the order in which they are read, but for the release file, which is the last.
        name: Name of the release, in Helm's sense.
        namespace: Where it is installed.
        kubernetes: Version of the cluster.
    """

    folder: Path
    values: tuple[Path, ...]
    name: str
    namespace: str
    kubernetes: str

    def objects(self, release: str) -> list[Manifest]:
        """Return all objects of the chart with the text of a release file; HelmError if Helm refuses them."""
        with tempfile.TemporaryDirectory(prefix="mlops-charts-") as scratch:
            file = Path(scratch, "release.yaml")
            file.write_text(release, encoding="utf-8")
            printed = find_helm().template(
                self.folder,
                (*self.values, file),
                name=self.name,
                namespace=self.namespace,
                kubernetes_version=f"{self.kubernetes}.0",
            )
        return [manifest for _, manifest in split(printed)]


def serving_chart(rendering: Rendering, environment: str, own: Path, folder: Path) -> ServingChart:
    """Write the serving chart of an environment and return it.

    Args:
        rendering: What to render, as it is for this machine.
        environment: The environment.
        own: The folder of the serving chart in the repository, with what people set in `values-<environment>.yaml`.
        folder: Where to write.
    """
    plan, prefix = rendering.plan, f"{rendering.folder}/serving/"
    for path, text in rendering.tree.files.items():
        if path.startswith(prefix):
            replace_text(folder / path.removeprefix(prefix), text)
    people = folder / f"values-{environment}.yaml"
    replace_text(people, json.dumps(_of_people(own / people.name)) + "\n")
    machine = folder / "values-of-this-machine.yaml"
    replace_text(machine, json.dumps({"serving": {"replicas": 1}}) + "\n")
    files = (folder / f"environment-{environment}.yaml", people, machine)
    namespace = plan.environment(environment).namespace
    return ServingChart(folder, files, plan.model, namespace, plan.platform.kubernetes.version)


def _of_people(file: Path) -> dict[str, Any]:
    """Return what people set, but for autoscaling, which is not here; HelmError if it is no YAML."""
    try:
        documents = split(read_text(file) or "")
    except DocumentError as error:
        raise HelmError(f"{file}: {error}") from None
    data: dict[str, Any] = documents[0][1] if documents and isinstance(documents[0][1], dict) else {}
    serving = data.get("serving")
    if isinstance(serving, dict):
        serving.pop("autoscaling", None)
    return data


def config_map(objects: Sequence[Manifest], key: str) -> str:
    """Return the text of a key in a ConfigMap that has it; KeyError if none does."""
    for manifest in objects:
        if manifest.get("kind") == "ConfigMap" and key in (manifest.get("data") or {}):
            return str(manifest["data"][key])
    raise KeyError(key)
