"""Rules about where pods may run: what Kubernetes would refuse of tolerations and affinity.

They know the forms of Kubernetes' fields, and nothing of the cluster's nodes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View
from mlops_charts.rules.metadata import label_flaws
from mlops_charts.rules.platform_file import AskedPlatform
from mlops_charts.source import Path
from mlops_charts.spec.training import Toleration

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_AFFINITIES = ("nodeAffinity", "podAffinity", "podAntiAffinity")
_FORMS: Mapping[tuple[str, str], type] = {("nodeAffinity", _REQUIRED): dict}  # all others are lists
_LONGEST_SECONDS = 2**31 - 1


def tolerations(view: View) -> Iterator[Problem]:
    """Tolerations of training are what Kubernetes accepts."""
    for path, message, note in _tolerations(view.spec.training.tolerations, ("training", "tolerations")):
        yield view.problem("bad-toleration", message, path, note=note)


def gpu_tolerations(asked: AskedPlatform) -> Iterator[Problem]:
    """Tolerations of pods with GPUs are what Kubernetes accepts."""
    for path, message, note in _tolerations(asked.platform.gpu.tolerations, ("gpu", "tolerations")):
        yield asked.problem("bad-toleration", message, path, note=note)


def _tolerations(found: Sequence[Toleration], path: Path) -> Iterator[tuple[Path, str, str]]:
    for index, one in enumerate(found):
        for message, note in _toleration(one):
            yield (*path, index), message, note


def _toleration(one: Toleration) -> Iterator[tuple[str, str]]:
    if not one.key and one.operator != "Exists":
        yield "without a key, every taint is meant", "operator: Exists, or name a key"
    if one.operator == "Exists" and one.value:
        yield f'"{one.value}" is without effect: the operator is Exists', "remove value, or operator: Equal"
    if one.toleration_seconds is not None and one.effect != "NoExecute":
        yield "only a NoExecute taint is put up with for a time", "effect: NoExecute, or remove tolerationSeconds"
    if (one.toleration_seconds or 0) > _LONGEST_SECONDS:
        yield f"{one.toleration_seconds} seconds are too many", "remove tolerationSeconds: then there is no end"
    pair = {one.key: one.value if one.operator == "Equal" and one.value else ""} if one.key else {}
    yield from ((message, note) for message, note, _ in label_flaws(pair))


def affinity(view: View) -> Iterator[Problem]:
    """An affinity has Kubernetes' blocks, and nothing in it is empty."""
    path: Path = ("training", "affinity")
    for kind, block in view.spec.training.affinity.items():
        if kind not in _AFFINITIES:
            note = f"one of: {', '.join(_AFFINITIES)}"
            yield view.problem("bad-affinity", f'"{kind}" is no kind of affinity', (*path, kind), note=note, key=True)
            continue
        for at, message, note in _block(kind, block):
            yield view.problem("bad-affinity", message, (*path, kind, *at), note=note)
        for at in _nothing(block):
            message = "nothing stands here"
            yield view.problem("bad-affinity", message, (*path, kind, *at), note="remove the key, or give it a value")


def _block(kind: str, block: Any) -> Iterator[tuple[Path, str, str]]:
    if not isinstance(block, Mapping):
        yield (), "expected a mapping", f"{kind}: {{{_REQUIRED}: ...}}"
        return
    for key, content in block.items():
        form = _FORMS.get((kind, key), list)
        if key not in {_REQUIRED, _PREFERRED}:
            yield (key,), f'"{key}" is not known', f"{_REQUIRED} or {_PREFERRED}"
        elif content is not None and not isinstance(content, form):
            what = "a mapping with nodeSelectorTerms" if form is dict else "a list"
            yield (key,), f"expected {what}", "as it stands in a pod"


def _nothing(content: Any) -> Iterator[Path]:
    items = content.items() if isinstance(content, Mapping) else enumerate(content) if isinstance(content, list) else ()
    if content is None:
        yield ()
    for step, inner in items:
        yield from ((step, *rest) for rest in _nothing(inner))
