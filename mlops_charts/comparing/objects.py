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
from mlops_charts.validation.documents import DocumentError, split
from mlops_charts.validation.helm import Helm, HelmError

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
            yield from differing(before.get(key), after.get(key), _below(path, key))
        return
    if isinstance(before, list) and isinstance(after, list):
        pairs = _paired(before, after)
        if pairs is not None:
            yield from (part for key, one, other in pairs for part in differing(one, other, f"{path}[{key}]"))
            return
    yield path, before, after


def _below(path: str, key: str) -> str:
    """Return the path of an entry; a key with a dot stands in brackets."""
    if "." in key:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _paired(before: list[Any], after: list[Any]) -> list[tuple[str, Any, Any]] | None:
    """Return the entries of two lists in pairs, by name or else by place; None if they can only be told as a whole."""
    mine, theirs = _named(before), _named(after)
    if mine is not None and theirs is not None:
        keys = [*(key for key in mine if key not in theirs), *(key for key in theirs if key not in mine)]
        keys += [key for key in mine if key in theirs]
        return [(key, mine.get(key), theirs.get(key)) for key in keys]
    if len(before) == len(after) and all(isinstance(item, Mapping) for item in (*before, *after)):
        return [(str(place), *both) for place, both in enumerate(zip(before, after, strict=True))]
    return None


def _named(items: list[Any]) -> dict[str, Any] | None:
    """Return the entries by their names, if each has one of its own."""
    for key in ("name", "alert", "mountPath"):
        names = [str(item[key]) for item in items if isinstance(item, Mapping) and key in item]
        if len(set(names)) == len(items):
            return dict(zip(names, items, strict=True))
    return None


class Refused(Exception):  # noqa: N818 - it is a fact about a revision, caught where sides are compared
    """What a side has cannot be rendered or read. One line that says where, and what Helm says."""


class Side:
    """The files of one revision, and their objects by real Helm.

    Args:
        title: What the side is called, such as "main".
        files: Text by path from the root.
        helm: Helm.
        ingress: How traffic is divided, for states that have not happened.
    """

    def __init__(self, title: str, files: Mapping[str, str], helm: Helm, ingress: Ingress) -> None:
        self.files = files
        self._title = title
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
        try:
            return ReleaseState.model_validate(found).data()
        except ValueError:
            return {}

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
            return self._rendered(folder, root, [root / name for name in values])

    def _rendered(self, folder: str, root: Path, values: list[Path]) -> dict[Key, Mapping[str, Any]]:
        try:
            return _by_key(split(self._helm.template(root, values, name="diff", namespace="diff")))
        except (HelmError, DocumentError) as error:
            said = _shortened(" ".join(str(error).replace(str(root), folder).split()))
            place = f"{folder}/{values[-1].name}" if values else folder
            raise Refused(f"{place} at {self._title}: Helm refuses it: {said}") from None

    def applications(self) -> dict[Key, Mapping[str, Any]]:
        """Return the objects below apps/."""
        found: dict[Key, Mapping[str, Any]] = {}
        for name, text in self.files.items():
            if name.startswith("apps/") and name.endswith(".yaml"):
                found |= self._application(name, text)
        return found

    def _application(self, name: str, text: str) -> dict[Key, Mapping[str, Any]]:
        try:
            return _by_key(split(f"---\n# Source: x/templates/{name}\n{text}"))
        except DocumentError as error:
            said = str(error).removeprefix(f"x/templates/{name}: ")
            raise Refused(f"{name} at {self._title}: it cannot be read: {said}") from None


def _shortened(said: str) -> str:
    """Return what Helm says of values that the schema refuses, without the places that only lead to those."""
    first, *places = said.split(" - at ")
    telling = [place for place in places if not place.endswith(("'allOf' failed", "validation failed"))]
    return "; ".join(telling) or first


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


def _by_key(documents: list[tuple[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    """Return the objects by kind and name; raises DocumentError for one that is none."""
    found: dict[Key, Mapping[str, Any]] = {}
    for file, manifest in documents:
        metadata = manifest.get("metadata") if isinstance(manifest, Mapping) else None
        if not isinstance(metadata, Mapping):
            raise DocumentError(f"{file}: this is no object with metadata")
        found[str(manifest.get("kind")), str(metadata.get("name"))] = manifest
    return found


def changes(
    place: str, before: Mapping[Key, Mapping[str, Any]], after: Mapping[Key, Mapping[str, Any]], *, served: bool = True
) -> list[Change]:
    """Return the objects of one place that differ, in the order of kind and name."""
    return [
        Change(place, *key, before.get(key), after.get(key), served)
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
