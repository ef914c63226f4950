"""First files for people: model.yaml small or complete, platform.yaml, train.py.

Comments and defaults come from the types of the specifications; nothing here writes to disk.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.spec.base import Block
from mlops_charts.spec.fields import block_of, by_key, entry_of
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.words import one_of

_WIDTH = 100
_PLAIN = re.compile(r"[0-9]+(?:ms|[smh]|[KMG]i)|[A-Za-z_./][A-Za-z0-9_./@-]*(?:[:][A-Za-z0-9_./@-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~", ".nan", ".inf"})

_SAMPLE: Mapping[str, Any] = {
    "metadata": {"owner": "team-flowers", "description": "Species of an iris flower from four measurements."},
    "training": {
        "params": {"n_estimators": 100},
        "search": {
            "trials": 8,
            "parallel": 2,
            "metric": "accuracy",
            "space": {"n_estimators": {"int": [50, 300]}, "max_features": {"choice": ["sqrt", "log2"]}},
        },
        "data": {"uri": "sklearn://iris", "target": "target", "split": {"test": 0.2, "by": "stratified"}},
        "env": {"OMP_NUM_THREADS": "1"},
        "secrets": [{"name": "warehouse", "key": "password", "env": "DB_PASSWORD"}],
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "training", "effect": "NoSchedule"}],
        "schedule": "0 3 * * 1",
    },
    "pipeline": {
        "steps": [
            {
                "name": "inspect",
                "after": "train",
                "image": "docker.io/library/busybox:1.37.0",
                "command": ["ls", "-R", "/inputs"],
                "inputs": ["model"],
                "outputs": [],
            }
        ]
    },
    "validation": {
        "minRows": 30,
        "gates": [
            {"metric": "accuracy", "min": 0.9},
            {"metric": "recall", "class": "2", "min": 0.8},
            {"metric": "latencyP99Seconds", "max": 0.1},
        ],
        "champion": {"metric": "accuracy"},
    },
    "build": {"sign": {"mode": "key", "secret": "cosign-key"}},
    "serving": {"requestLog": {"sample": 0.01}},
}
_HINTS: Mapping[str, str] = {
    "requirements": "requirements.txt",
    "image": "ghcr.io/acme/iris:1.0.0",
    "autoscaling": "{min: 2, max: 10, cpuPercent: 70}   # and no replicas",
    "abTest": "{header: x-user, value: candidate}",
    "metrics": "metrics.py:compute",
    "store": "cluster-secrets",
}
_PLATFORM_SAMPLE: Mapping[str, Any] = {
    "environments": {
        "staging": {},
        "prod": {"freeze": [{"from": "2026-12-20T00:00:00Z", "to": "2027-01-03T00:00:00Z"}]},
    },
    "network": {"registry": [{"cidr": "192.0.2.0/24", "port": 443}], "git": [{"cidr": "198.51.100.0/24", "port": 443}]},
}
_TRAIN = '''\
"""Trains the model. The pipeline calls `train` with the training rows alone; the test rows stay hidden from it."""

from sklearn.ensemble import RandomForestClassifier


def train(X, y, context):
    """Return a fitted estimator; context carries params and seed of model.yaml."""
    model = RandomForestClassifier(random_state=context.seed, **context.params)
    return model.fit(X, y)
'''


def minimal_model(name: str, schema: str = "") -> str:
    """Return a small model.yaml that is valid beside `train_py()`.

    Args:
        name: The model, a DNS label of at most 30 characters.
        schema: Path or URL of model.schema.json for editors; empty leaves the line out.
    """
    return f"""{_editor(schema)}apiVersion: mlops-charts/v1
kind: Model
metadata:
  name: {name}
training:
  entrypoint: train.py:train   # train(X, y, context) returns a fitted estimator
  params: {{n_estimators: 100}}
  data:
    uri: "sklearn://iris"      # or file://rows.csv, s3://bucket/key.parquet, python://data.py:make
validation:
  minRows: 30
  gates:
    - {{metric: accuracy, min: 0.9}}
"""


def full_model(name: str, schema: str = "", environments: tuple[str, ...] = ("staging", "prod")) -> str:
    """Return a model.yaml that states every field, each with its meaning, valid beside `train_py()`.

    Args:
        name: The model, a DNS label of at most 30 characters.
        schema: Path or URL of model.schema.json for editors; empty leaves the line out.
        environments: Environments of platform.yaml in the order of promotion; the last of several overrides a field.
    """
    places: list[Any] = list(environments)
    if len(places) > 1:
        overrides = {"serving": {"replicas": 6}, "release": {"expectedRequestsPerSecond": 200}}
        places[-1] = {"name": places[-1], "overrides": overrides}
    sample = {**_SAMPLE, "metadata": {**_SAMPLE["metadata"], "name": name}, "environments": places}
    return _editor(schema) + _text(ModelSpec, sample)


def platform_text(schema: str = "") -> str:
    """Return a platform.yaml that states every field, each with its meaning.

    Args:
        schema: Path or URL of platform.schema.json for editors; empty leaves the line out.
    """
    return _editor(schema) + _text(PlatformSpec, _PLATFORM_SAMPLE)


def train_py() -> str:
    """Return a train.py for the iris rows of scikit-learn."""
    return _TRAIN


def _editor(schema: str) -> str:
    return f"# yaml-language-server: $schema={schema}\n" if schema else ""


def _text(root: type[Block], sample: Mapping[str, Any]) -> str:
    spec = root.model_validate(sample)
    return "\n".join(_block(root, spec.model_dump(mode="json", by_alias=True), "")) + "\n"


def _block(block: type[Block], values: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, field in by_key(block).items():
        if not indent and key not in {"apiVersion", "kind"}:
            yield ""
        words = f"{field.description} {one_of(field.annotation)}".strip()
        yield from textwrap.wrap(words, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        yield from _entry(key, field.annotation, values[key], indent)


def _entry(key: str, annotation: Any, value: Any, indent: str) -> Iterator[str]:
    inner = block_of(annotation)
    if inner and isinstance(value, Mapping):
        yield f"{indent}{key}:"
        yield from _block(inner, value, indent + "  ")
    elif value is None:
        yield f"{indent}{key}: null" + (f"   # {_HINTS[key]}" if key in _HINTS else "")
    elif (entries := entry_of(annotation)) and value:
        yield f"{indent}{key}:"
        yield from _entries(entries, value, indent + "  ")
    else:
        yield f"{indent}{key}: {_flow(value)}"


def _entries(block: type[Block], value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and indent == "  ":
        for name, entry in value.items():
            yield f"{indent}{name}:"
            yield from _block(block, entry, indent + "  ")
        return
    yield f"{indent}# Each has: {', '.join(by_key(block))}."
    if isinstance(value, Mapping):
        yield from (f"{indent}{name}: {_flow(_stated(block, entry))}" for name, entry in value.items())
    else:
        yield from (f"{indent}- {_flow(_stated(block, entry))}" for entry in value)


def _stated(block: type[Block], entry: Any) -> Any:
    """Return an entry without its defaults, so that it fits on a line."""
    return block.model_validate(entry).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"name"}:  # an environment without overrides
            return _flow(value["name"])
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
