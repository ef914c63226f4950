"""From a text to a specification: problems in the user's words, and the sound rest."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_charts.problems import CODES, Problem
from mlops_charts.rules import Asked, check_model, check_platform
from mlops_charts.source import Path, parse
from mlops_charts.spec.base import Block
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import Parsed, parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.resolve import environment_names, resolve
from mlops_charts.starter import full_model, platform_text

SMALL = 'metadata: {name: iris}\ntraining: {data: {uri: "sklearn://iris"}}\n'
TEXTS: dict[type[Block], str] = {ModelSpec: full_model("iris"), PlatformSpec: platform_text()}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12),
    st.lists(st.integers(-9, 9), max_size=2),
    st.dictionaries(st.sampled_from(["a", "name", "min"]), st.integers(-9, 9), max_size=2),
)
PYDANTIC = (
    "Input should",
    "tuple",
    "dict",
    "_type",
    "validation error",
    "pydantic",
    "Literal",
    "function-",
    "{message}",
)


def parsed(text: str) -> Parsed[ModelSpec]:
    source, problems = parse(text, "model.yaml")
    assert source
    assert problems == []
    return parse_spec(ModelSpec, source)


def places(data: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in plain data but the root."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, found in items:
        yield (*path, step)
        yield from places(found, (*path, step))


def replaced(data: Any, path: Path, junk: Any) -> Any:
    """Return the data with something else at a path."""
    changed = copy.deepcopy(data)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = junk
    return changed


def all_problems(root: type[Block], text: str) -> list[Problem]:
    source, problems = parse(text, "file.yaml")
    assert source
    if root is PlatformSpec:
        platform = parse_spec(PlatformSpec, source)
        return [*problems, *platform.problems, *check_platform(platform.spec, source, platform.broken)]
    model = parse_spec(ModelSpec, source)
    asked = Asked(model.spec, PlatformSpec(), source, "model/iris", {}, broken=model.broken)
    return [*problems, *model.problems, *check_model(asked)]


MUTABLE = [(root, path) for root, text in TEXTS.items() for path in places(yaml.safe_load(text))]


@given(where=st.sampled_from(MUTABLE), junk=JUNK)
@settings(max_examples=60, deadline=None)
def test_junk_anywhere_is_told_in_words(where: tuple[type[Block], Path], junk: Any) -> None:
    """Whatever stands anywhere: no traceback, every problem located, with a known code, and no word of the parser's."""
    root, path = where
    data = replaced(yaml.safe_load(TEXTS[root]), path, junk)
    for problem in all_problems(root, yaml.safe_dump(data, sort_keys=False)):
        assert problem.code in CODES
        assert problem.position is not None
        told = f"{problem.message} {problem.note}".replace("predictionDrift", "")  # it holds a word of the parser's
        assert not [word for word in PYDANTIC if word in told and word not in str(junk)]


def test_the_smallest_model() -> None:
    """Two keys make a model."""
    found = parsed(SMALL)
    assert found.problems == ()
    assert found.spec.serving.replicas == 2


def test_a_broken_block_stands_at_its_default() -> None:
    """What is wrong in one block leaves the others as they were written."""
    found = parsed(SMALL + "serving: {replicas: none}\nrelease: {steps: [10]}\n")
    assert found.broken == {"serving"}
    assert (found.spec.serving.replicas, found.spec.release.steps) == (2, (10,))


def test_a_misspelt_required_block_is_broken_too() -> None:
    """A rule does not speak of a block that was only misspelt."""
    found = parsed('metadata: {name: iris}\ntrainng: {data: {uri: "sklearn://iris"}}\n')
    assert [problem.message for problem in found.problems] == ['unknown field; did you mean "training"?']
    assert found.broken == {"training", "trainng"}


def test_several_problems_at_once() -> None:
    """All problems are told in one run."""
    found = parsed("metadata: {name: Iris}\ntraining: {data: {}, seed: -1}\nserving: {replicas: 0, timeout: 5}\n")
    expected = {"metadata.name", "training.data.uri", "training.seed", "serving.replicas", "serving.timeout"}
    assert {problem.path for problem in found.problems} == expected


@pytest.mark.parametrize(
    ("line", "message", "note"),
    [
        ('serving: {replicas: "2"}', 'found "2", expected a whole number', "write it without quotes"),
        ("serving: {replicas: 2.5}", "found 2.5, expected a whole number", ""),
        ("serving: {replicas: true}", "found true, expected a whole number", ""),
        ("build: {sbom: 1}", "found 1, expected true or false", ""),
        ("versioning: {registeredModel: 7}", "found 7, expected text", 'put it in quotes: "7"'),
        ("validation: {gates: accuracy}", 'found "accuracy", expected a list', ""),
        ("serving: [1]", "found a list, expected a mapping", ""),
        ("serving:", "found nothing, expected a mapping", ""),
        ("apiVersion: v1", '"v1" is not a choice', "one of: mlops-charts/v1"),
    ],
)
def test_wrong_types(line: str, message: str, note: str) -> None:
    """A wrong type is told as what was found and what is expected."""
    (problem,) = parsed(f"{SMALL}{line}\n").problems
    assert (problem.message, problem.note) == (message, note)


def test_only_overridable_fields_can_be_overridden() -> None:
    """An environment has no runtime of its own."""
    (problem,) = parsed(
        f"{SMALL}environments: [{{name: prod, overrides: {{serving: {{runtime: mlflow}}}}}}]\n"
    ).problems
    assert (problem.code, problem.path) == ("unknown-field", "environments[0].overrides.serving.runtime")


def test_overrides_are_laid_over() -> None:
    """An environment changes what it states, and nothing else."""
    text = f"""{SMALL}serving: {{replicas: 3, timeout: 4s}}
environments: [staging, {{name: prod, overrides: {{serving: {{replicas: 6}}, release: {{steps: [1]}}}}}}]
"""
    spec = parsed(text).spec
    prod = resolve(spec, "prod")
    assert environment_names(spec, PlatformSpec()) == ("staging", "prod")
    assert (prod.serving.replicas, prod.serving.timeout, prod.release.steps) == (6, "4s", (1,))
    assert resolve(spec, "staging") == spec


def test_no_environments_means_all_of_the_platform() -> None:
    """Without a list a model is served everywhere, in the platform's order."""
    platform = PlatformSpec.model_validate({"environments": {"b": {}, "a": {}}})
    assert environment_names(parsed(SMALL).spec, platform) == ("b", "a")
