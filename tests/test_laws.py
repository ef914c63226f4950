"""The laws of what is rendered, for specifications and values that nobody thought of."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
import strategies
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

import mlops_charts
from mlops_charts.assemble import Rendering
from mlops_charts.chart import Chart, default_values, emit_chart, evaluate, values_of, values_schema
from mlops_charts.generators.pipeline.configmaps import source_items
from mlops_charts.generators.table import generators
from mlops_charts.planning import Plan, decide
from mlops_charts.problems import Severity
from mlops_charts.proving.cases import Cases
from mlops_charts.rules import Asked, check_model, check_platform
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.validation.documents import split
from mlops_charts.validation.helm import HelmLibrary
from mlops_charts.validation.proofs import prove

SHARDS = range(4)
Raw = Mapping[str, Any]


def law(examples: int) -> settings:
    """Settings of a law; an example that breaks it is shown as it was drawn, since shrinking one takes minutes."""
    return settings(
        deadline=None,
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.explicit, Phase.generate],
    )


def plan_of(model: Raw, platform: Raw, files: Mapping[str, bytes] = strategies.FILES) -> Plan:
    """Return the plan of valid data; what the rules refuse is no example."""
    spec, cluster = ModelSpec.model_validate(model), PlatformSpec.model_validate(platform)
    source, _ = parse(text_of(model), "model.yaml")
    platform_source, _ = parse(text_of(platform), "platform.yaml")
    assume(source is not None and platform_source is not None)
    assert source is not None
    asked = Asked(spec, cluster, source, spec.metadata.name, files, platform_source)
    problems = [*check_model(asked), *check_platform(cluster, platform_source)]
    refused = [problem for problem in problems if problem.severity is Severity.ERROR]
    assume(not refused)
    return decide(spec, cluster, files, f"model/{spec.metadata.name}")


def rendering_of(model: Raw, platform: Raw) -> Rendering:
    """Return the rendering of valid data."""
    return Rendering(plan_of(model, platform), generators())


def by_helm(chart: Chart, values: Raw) -> Iterator[Any]:
    """Yield the objects that real Helm prints."""
    with tempfile.TemporaryDirectory() as place:
        for path, text in emit_chart(chart).items():
            (Path(place, "chart") / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(place, "chart") / path).write_bytes(text.encode())
        file = Path(place, "values.json")
        file.write_text(text_of(values), encoding="utf-8")
        printed = HelmLibrary().template(Path(place, "chart"), [file], name="law", namespace="law")
    yield from (manifest for _, manifest in split(printed))


def typed(manifests: Any) -> list[str]:
    """Return objects as texts in which 1, 1.0, true and "1" differ, sorted."""
    return sorted(json.dumps(manifest, sort_keys=True) for manifest in manifests)


@pytest.mark.parametrize("shard", SHARDS)
def test_helm_equals_python(shard: int) -> None:
    """Real Helm prints what Python evaluates, object for object, for specs and all their values, whatever they are."""

    @law(55)
    @given(asked=strategies.asked, data=st.data())
    def holds(asked: tuple[Raw, Raw], data: st.DataObject) -> None:
        found = rendering_of(*asked)
        for chart, ingress in ((found.pipeline, None), (found.serving.chart, found.plan.platform.ingress.type)):
            values = data.draw(strategies.all_values(chart, ingress))
            jsonschema.validate(values, values_schema(chart), jsonschema.Draft202012Validator)
            assert typed(by_helm(chart, values)) == typed(evaluate(chart, values))

    seed(shard)(holds)()


@pytest.mark.parametrize("shard", SHARDS[:2])
def test_every_generated_spec_is_proven(shard: int) -> None:
    """What the rules let through has no finding of any proof that is worse than a warning, in any environment."""

    @law(60)
    @given(asked=strategies.asked)
    def holds(asked: tuple[Raw, Raw]) -> None:
        cases = Cases(rendering_of(*asked), Path("/nowhere"), every_phase=False).all()
        findings = [(case.title, found) for case in cases for found in prove(case.scope)]
        assert [found for found in findings if found[1].severity is Severity.ERROR] == []

    seed(shard)(holds)()


@law(60)
@given(asked=strategies.asked, order=st.randoms(use_true_random=False))
def test_the_same_bytes_twice_and_in_any_order(asked: tuple[Raw, Raw], order: Random) -> None:
    """Neither a second run nor the order of keys changes a byte; the order of environments and steps may."""
    model, platform = asked
    first = rendering_of(model, platform).tree
    assert rendering_of(model, platform).tree == first
    assert rendering_of(shuffled(model, order), platform).tree == first


_PARTS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)
_FILES = st.dictionaries(
    st.lists(_PARTS | st.sampled_from(("a", "_", "a_", "_b", "x-", "..c", "é")), min_size=1, max_size=4).map("/".join),
    st.binary(max_size=40) | st.text(max_size=40).map(str.encode),
    max_size=12,
)


@law(80)
@given(files=_FILES)
def test_source_files_come_back_as_they_were(files: Mapping[str, bytes]) -> None:
    """Whatever files are called and hold, the ConfigMap that Helm reads gives back each of them, byte for byte."""
    model = {"metadata": {"name": "iris"}, "training": {"data": {"uri": "sklearn://iris"}}}
    plan = plan_of(model, {"environments": {"staging": {}}}, {**strategies.FILES, **files})
    whole = Rendering(plan, generators()).pipeline
    template = next(one for one in whole.templates if one.file == "configmap-source.yaml")
    chart = replace(whole, templates=(template,))
    (found,) = by_helm(chart, default_values(chart))
    held = {name: text.encode() for name, text in found.get("data", {}).items()}
    held |= {name: base64.b64decode(text) for name, text in found.get("binaryData", {}).items()}
    assert {item["path"]: held[item["key"]] for item in source_items(plan)} == dict(plan.files)
    assert all(re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", name) for name in held)


def shuffled(data: Any, order: Random) -> Any:
    """Return data with the keys of all its maps in another order."""
    if isinstance(data, list):
        return [shuffled(item, order) for item in data]
    if not isinstance(data, dict):
        return data
    keys = list(data)
    order.shuffle(keys)
    return {key: shuffled(data[key], order) for key in keys}


@law(40)
@given(asked=strategies.asked)
def test_values_and_schema_cover_each_other(asked: tuple[Raw, Raw]) -> None:
    """Every declared value is in the schema and the other way round; a schema is closed at each level."""
    found = rendering_of(*asked)
    for chart in (found.pipeline, found.serving.chart):
        schema = values_schema(chart)
        declared = sorted(value.path for value in values_of(chart))
        assert sorted(paths(schema)) == declared
        assert {path for path, _ in leaves(default_values(chart))} <= set(declared)
        assert not [1 for group in groups(schema) if group.get("additionalProperties") is not False]


def paths(schema: Raw, prefix: str = "") -> Iterator[str]:
    """Yield the paths of the values that a schema admits; `global` is Helm's own."""
    for key, inner in schema["properties"].items():
        if inner.get("type") == "object" and "properties" in inner:
            yield from paths(inner, f"{prefix}{key}.")
        elif prefix or key != "global":
            yield prefix + key


def groups(schema: Raw) -> Iterator[Raw]:
    """Yield a schema and every group of values in it."""
    yield schema
    for inner in schema["properties"].values():
        if "properties" in inner:
            yield from groups(inner)


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and content of everything in nested maps that is no map with keys."""
    for key, inner in content.items():
        if isinstance(inner, dict) and inner:
            yield from leaves(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, inner


@law(15)
@given(asked=strategies.asked)
def test_writing_twice_changes_nothing(asked: tuple[Raw, Raw]) -> None:
    """The second writing finds every file as it should be."""
    found = rendering_of(*asked)
    with tempfile.TemporaryDirectory() as place:
        assert mlops_charts.write(found, place)
        assert not mlops_charts.write(found, place)


@law(60)
@given(model=strategies.models(), other=strategies.models(), platform=strategies.platforms())
def test_only_what_training_makes_names_a_workflow(model: Raw, other: Raw, platform: Raw) -> None:
    """Training, validation, versioning, build and files decide the name; the rest of another spec does not."""
    plan = plan_of(model, platform)
    rest = ("serving", "release", "monitoring", "environments")
    same = {**model, **{block: other[block] for block in rest if block in other}}
    assert plan_of(same, platform).names.workflow == plan.names.workflow
    assert plan_of({**same, "validation": {"minRows": 10001}}, platform).names.workflow != plan.names.workflow
    edited = {**strategies.FILES, "train.py": b"def train(X, y, context): return 1\n"}
    assert plan_of(model, platform, edited).names.workflow != plan.names.workflow


def text_of(data: Raw) -> str:
    """Return data as a text that YAML reads as well."""
    return json.dumps(data, ensure_ascii=False)
