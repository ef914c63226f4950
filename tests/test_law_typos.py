"""A misspelling of any single key gives exactly one problem: at the key, with the key that was meant."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_charts.problems import Problem
from mlops_charts.rules import Asked, check_model, check_platform
from mlops_charts.source import Path, Source, parse
from mlops_charts.spec.fields import block_at, by_key
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.starter import full_model, platform_text, train_py

FULL = full_model("iris")
PLATFORM = platform_text()
DENSE = """\
apiVersion: mlops-charts/v1
kind: Model
metadata: {name: iris, owner: flowers, description: "", labels: {}, annotations: {}}
training:
  task: classification
  search: {trials: 4, parallel: 2, metric: recall, space: {a: {float: [0, 1]}, b: {logFloat: [1, 2]}, c: {choice: [x]}}}
  data: {uri: "sklearn://iris", target: t, split: {by: group, column: site}}
  retries: {limit: 1, onOutOfMemory: {factor: 2, max: 8Gi}}
  tolerations: [{key: a, operator: Equal, value: b, effect: NoExecute, tolerationSeconds: 3}]
  secrets: [{name: a, key: b, env: C}]
pipeline:
  steps:
    - {name: a, after: train, image: "x/y:1", command: [ls], inputs: [model], outputs: [o], resources: {cpu: 1, gpu: 0}}
    - {name: b, before: deploy, image: "x/y:1", command: [ls], inputs: [o]}
validation:
  gates:
    - {metric: recall, class: a, min: 0.5, max: 1, on: lowerBound}
    - {metric: accuracy, slice: {column: site}, maxSpread: 0.1}
serving:
  autoscaling: {min: 2, max: 4, cpuPercent: 70}
  requestLog: {sample: 0.5, features: true, retain: 1h}
release:
  strategy: abTest
  abTest: {header: x-user, value: b}
  analysis:
    checks:
      - {metric: errorRate, maxIncreasePoints: 1, critical: true}
      - {metric: latency, quantile: 0.9, maxRatio: 1.5}
      - {metric: predictionDrift, maxPsi: 0.2}
      - {metric: business, name: n, success: "a{slot}", total: "b{slot}", maxDropPercent: 5}
monitoring: {drift: {features: [a]}, objectives: {latency: {quantile: 0.9, max: 1s}}}
environments:
  - name: staging
    overrides:
      serving: {autoscaling: {min: 1, max: 2}, resources: {cpu: 1, memory: 1Gi, gpu: 1}, timeout: 3s}
      release: {steps: [1, 2], analysis: {confidence: 0.9, power: 0.7}, bake: 1m, interval: 1m}
      monitoring: {drift: {maxPsi: 0.3, window: 2h}, objectives: {availabilityPercent: 99}}
  - {name: prod}
"""
PEERS = """\
environments: {staging: {freeze: [{from: "2026-12-20T00:00:00Z", to: "2027-01-03T00:00:00Z"}]}}
network: {git: [{cidr: 10.0.0.0/8, port: 22}, {namespace: git, port: 443}], registry: [{namespace: registry}]}
gpu: {resource: nvidia.com/gpu, tolerations: [{key: a, effect: NoSchedule}]}
prometheus: {pushgateway: "http://push:9091"}
"""


def problems_of_model(text: str) -> list[Problem]:
    source, problems = parse(text, "model.yaml")
    assert source
    parsed = parse_spec(ModelSpec, source)
    platform = parse_spec(PlatformSpec, _source(PLATFORM)).spec
    files = {"train.py": train_py().encode()}
    asked = Asked(parsed.spec, platform, source, "model/iris", files, broken=parsed.broken)
    return [*problems, *parsed.problems, *check_model(asked)]


def problems_of_platform(text: str) -> list[Problem]:
    source, problems = parse(text, "platform.yaml")
    assert source
    parsed = parse_spec(PlatformSpec, source)
    return [*problems, *parsed.problems, *check_platform(parsed.spec, source, parsed.broken)]


def _source(text: str) -> Source:
    source, _ = parse(text, "file.yaml")
    assert source
    return source


def keys(root: type[ModelSpec | PlatformSpec], data: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every key that a type knows; keys of free-form maps are nobody's."""
    if isinstance(data, dict):
        block = block_at(root, path)
        for key, found in data.items():
            if block and key in by_key(block):
                yield (*path, key)
            yield from keys(root, found, (*path, key))
    elif isinstance(data, list):
        for index, found in enumerate(data):
            yield from keys(root, found, (*path, index))


def _dropped(key: str, at: int) -> str:
    return key[:at] + key[at + 1 :]


def _doubled(key: str, at: int) -> str:
    return key[: at + 1] + key[at:]


def _replaced(key: str, at: int) -> str:
    return key[:at] + ("q" if key[at] != "q" else "x") + key[at + 1 :]


def _swapped(key: str, at: int) -> str:
    return key[:at] + key[at : at + 2][::-1] + key[at + 2 :]


def _other_case(key: str, at: int) -> str:
    return key[:at] + key[at].swapcase() + key[at + 1 :]


EDITS: tuple[Callable[[str, int], str], ...] = (_dropped, _doubled, _replaced, _swapped, _other_case)


def misspelt(text: str, path: Path, typo: str) -> tuple[str, int, int]:
    """Return the text with one key written otherwise, and where."""
    at = _source(text).position(path, key=True)
    lines = text.split("\n")
    line = lines[at.line - 1]
    lines[at.line - 1] = line[: at.column - 1] + typo + line[at.end_column - 1 :]
    return "\n".join(lines), at.line, at.column


CASES = [
    *(
        (ModelSpec, problems_of_model, text, path)
        for text in (FULL, DENSE)
        for path in keys(ModelSpec, _source(text).data)
    ),
    *(
        (PlatformSpec, problems_of_platform, text, path)
        for text in (PLATFORM, PEERS)
        for path in keys(PlatformSpec, _source(text).data)
    ),
]


def check(case: Any, edit: Callable[[str, int], str], at: int) -> None:
    root, problems_of, text, path = case
    right = str(path[-1])
    typo = edit(right, at % len(right))
    block = block_at(root, path[:-1])
    assert block
    # A typo that is another key, or as near to another key as to this one, cannot be told from that one.
    assume(re.fullmatch(r"[A-Za-z]+", typo) and typo not in by_key(block))
    changed, line, column = misspelt(text, path, typo)
    found = [(p.code, p.position.line, p.position.column, p.message) for p in problems_of(changed) if p.position]
    expected = f'unknown field; did you mean "{right}"?'
    assert found == [("unknown-field", line, column, expected)], typo


@given(case=st.sampled_from(CASES), edit=st.sampled_from(EDITS), at=st.integers(0, 30))
@settings(max_examples=400, deadline=None)
def test_one_typo_is_one_problem(case: Any, edit: Callable[[str, int], str], at: int) -> None:
    """Whatever key and whatever slip: one problem, at the key, with the key that was meant."""
    check(case, edit, at)


@pytest.mark.parametrize("text", [FULL, DENSE])
def test_the_model_without_a_typo_is_clean(text: str) -> None:
    """The files that the law is tried on are without problems themselves."""
    assert problems_of_model(text) == []


@pytest.mark.parametrize("text", [PLATFORM, PEERS])
def test_the_platform_without_a_typo_is_clean(text: str) -> None:
    """The same of platform.yaml."""
    assert problems_of_platform(text) == []
