"""Rules about names, labels and annotations."""

import re
from collections.abc import Iterator, Mapping

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View
from mlops_charts.source import Path

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_RESERVED = ("kubernetes.io", "k8s.io", "mlops-charts", "argoproj.io", "seldon.io")
_RESERVED_NAMES = frozenset({"version", "app", "fluentd", "seldon-app", "seldon-app-svc", "seldon-deployment-id"})


def folder_name(view: View) -> Iterator[Problem]:
    """The folder is called like the model, so that each finds the other."""
    folder = view.asked.folder.rstrip("/").rpartition("/")[2]
    name = view.spec.metadata.name
    if folder and folder != name:
        note = f"rename the folder to {name}, or the model to {folder}"
        yield view.problem("folder-name", f'the folder is called "{folder}"', ("metadata", "name"), note=note)


def labels(view: View) -> Iterator[Problem]:
    """Labels have Kubernetes' form and leave the names that others own alone."""
    for key, value in view.spec.metadata.labels.items():
        path = ("metadata", "labels", key)
        yield from label_form(view, path, key, value)
        yield from _reserved(view, path, key)


def annotations(view: View) -> Iterator[Problem]:
    """Annotations have Kubernetes' form and leave the names that others own alone."""
    for key in view.spec.metadata.annotations:
        path = ("metadata", "annotations", key)
        yield from label_form(view, path, key, "")
        yield from _reserved(view, path, key)


def node_selector(view: View) -> Iterator[Problem]:
    """A node selector names labels."""
    for key, value in view.spec.training.node_selector.items():
        yield from label_form(view, ("training", "nodeSelector", key), key, value)


def label_form(view: View, path: Path, key: str, value: str) -> Iterator[Problem]:
    """Yield what is wrong with a label in model.yaml."""
    for message, note, of_key in label_flaws({key: value}):
        yield view.problem("bad-label", message, path, note=note, key=of_key)


def label_flaws(pairs: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield message and note for each label that Kubernetes would refuse, and whether its key is to blame."""
    for key, value in pairs.items():
        prefix, _, name = key.rpartition("/")
        if not _NAME.fullmatch(name) or ("/" in key and not _PREFIX.fullmatch(prefix)):
            note = "at most 63 letters, digits, -, _ and ., optionally behind a domain: example.com/tier"
            yield f'"{key}" is no name of a label or annotation', note, True
        if value and not _NAME.fullmatch(value):
            yield (
                f'"{value}" is no value of a label',
                "at most 63 letters, digits, -, _ and .; a letter or digit first and last",
                False,
            )


def _reserved(view: View, path: Path, key: str) -> Iterator[Problem]:
    prefix, _, name = key.rpartition("/")
    owned = any(prefix == domain or prefix.endswith("." + domain) for domain in _RESERVED)
    if owned or (not prefix and name in _RESERVED_NAMES):
        note = "choose a name of your own, such as example.com/tier"
        yield view.problem(
            "reserved-label", f'"{key}" is set by the charts or by a controller', path, note=note, key=True
        )
