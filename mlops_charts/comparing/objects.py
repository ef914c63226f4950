"""The objects of one side, and how two of them differ."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_charts.release import Identity, ReleaseState, state_of
from mlops_charts.release.phases import Ingress
from mlops_charts.source import parse
from mlops_charts.validation.documents import split
from mlops_charts.validation.helm import Helm

Key = tuple[str, str]  # kind and name
_DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Change:
    """How one object differs.

    Attributes:
        place: Where it lives: "pipeline", or "serving in staging", or "apps".
        kind: Its kind.
        name: Its name.
        before: The object of the base; None if it is new.
        after: The object of the working tree; None if it is gone.
        served: Whether the object exists now; False if it will once something is released.
    """

    place: str
    kind: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    served: bool = True

    @property
    def verb(self) -> str:
        """What happens to it."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    def fields(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield path, before and after of each field that differs; absent is None."""
        if self.before is not None and self.after is not None:
            yield from differing(self.before, self.after)


def differing(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the smallest differing parts of two objects; entries of lists are held together by their names."""
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differing(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        return
    if isinstance(before, list) and isinstance(after, list):
        mine, theirs = _named(before), _named(after)
        if mine is not None and theirs is not None:
            yield from ((f"{path}[{key}]", mine.get(key), theirs.get(key)) for key in _moved(mine, theirs))
            for key in [key for key in mine if key in theirs]:
                yield from differing(mine[key], theirs[key], f"{path}[{key}]")
            return
    yield path, before, after


def _named(items: list[Any]) -> dict[str, Any] | None:
    """Return the entries by their names, if each has one of its own."""
    for key in ("name", "alert", "mountPath"):
        names = [str(item[key]) for item in items if isinstance(item, Mapping) and key in item]
        if len(set(names)) == len(items):
            return dict(zip(names, items, strict=True))
    return None


def _moved(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    return [key for key in [*mine, *theirs] if (key in mine) != (key in theirs)]


class Side:
    """The files of one revision, and their objects by real Helm.

    Args:
        files: Text by path from the root.
        helm: Helm.
        ingress: How traffic is divided, for states that have not happened.
    """

    def __init__(self, files: Mapping[str, str], helm: Helm, ingress: Ingress) -> None:
        self.files = files
        self._helm = helm
        self._ingress = ingress

    def environments(self, model: str) -> list[str]:
        """Return the environments of a model."""
        start = f"charts/{model}/serving/environment-"
        return [name.removeprefix(start).removesuffix(".yaml") for name in self.files if name.startswith(start)]

    def release(self, model: str, environment: str) -> Mapping[str, Any]:
        """Return the state of a release; empty if it cannot be read."""
        text = self.files.get(f"charts/{model}/serving/release-{environment}.yaml", "")
        source, _ = parse(text, "release") if text else (None, [])
        found = source.data.get("release") if source is not None and isinstance(source.data, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def pipeline(self, model: str) -> dict[Key, Mapping[str, Any]]:
        """Return the objects of the pipeline chart; none if there is no chart."""
        return self._objects(f"charts/{model}/pipeline", {})

    def serving(self, model: str, environment: str, *, as_if: bool) -> dict[Key, Mapping[str, Any]]:
        """Return the objects of the serving chart, as released, or `as_if` a version were."""
        folder = f"charts/{model}/serving"
        names = (f"environment-{environment}.yaml", f"values-{environment}.yaml", f"release-{environment}.yaml")
        values = {name: self.files[f"{folder}/{name}"] for name in names if f"{folder}/{name}" in self.files}
        if as_if:
            values["release-as-if.yaml"] = json.dumps({"release": _released(self._ingress).data()})
        return self._objects(folder, values)

    def _objects(self, folder: str, values: Mapping[str, str]) -> dict[Key, Mapping[str, Any]]:
        start = f"{folder}/"
        chart = {name.removeprefix(start): text for name, text in self.files.items() if name.startswith(start)}
        if "Chart.yaml" not in chart:
            return {}
        with tempfile.TemporaryDirectory(prefix="mlops-charts-") as place:
            root = Path(place, "chart")
            for name, text in {**chart, **values}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            printed = self._helm.template(root, [root / name for name in values], name="diff", namespace="diff")
        return {_key(manifest): manifest for _, manifest in split(printed)}

    def applications(self) -> dict[Key, Mapping[str, Any]]:
        """Return the objects below apps/."""
        found = {}
        for name, text in self.files.items():
            if name.startswith("apps/") and name.endswith(".yaml"):
                for _, manifest in split(f"---\n# Source: x/templates/{name}\n{text}"):
                    found[_key(manifest)] = manifest
        return found


def _released(ingress: Ingress) -> ReleaseState:
    identity = Identity(
        version="1.0.0",
        image=f"example.com/model@{_DIGEST}",
        model_uri="s3://models/example",
        run_id="0" * 32,
        code_digest="0" * 64,
        data_digest="0" * 64,
    )
    return state_of("settled", ingress, identity, identity)


def _key(manifest: Mapping[str, Any]) -> Key:
    return str(manifest.get("kind")), str(manifest.get("metadata", {}).get("name"))


def changes(
    place: str, before: Mapping[Key, Mapping[str, Any]], after: Mapping[Key, Mapping[str, Any]], *, served: bool = True
) -> list[Change]:
    """Return the objects of one place that differ, in the order of kind and name."""
    return [
        Change(place, *key, before.get(key), after.get(key), served)
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
