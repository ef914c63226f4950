"""The law of charts: for any admitted values, what Helm prints is what Python evaluates, type for type."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_charts.chart import (
    Chart,
    Template,
    Value,
    default_values,
    emit_chart,
    emit_manifest,
    evaluate,
    merge,
    overlay,
    text,
    value,
    values_of,
    values_schema,
    when,
)
from mlops_charts.chart.schema import PRINTABLE

QUICK = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), database=None)


class GoLoader(yaml.SafeLoader):
    """Reads YAML as Go's reader under Kubernetes does: 1e5 is a number, y is a boolean, a date is nothing special."""


GoLoader.yaml_implicit_resolvers = {}
GoLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), None)
GoLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:y|n|yes|no|on|off|true|false)$", re.IGNORECASE), None
)
GoLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:[0-9][0-9_]*|0[xob][0-9a-fA-F_]+)$", re.IGNORECASE), None
)
GoLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|nan))$", re.IGNORECASE),
    None,
)
GoLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), None)
GoLoader.add_constructor("tag:yaml.org,2002:merge", lambda _, node: node.value)  # a text where it is no key
GoLoader.add_constructor("tag:yaml.org,2002:bool", lambda _, node: node.value.lower() in {"y", "yes", "on", "true"})


def exact(data: Any) -> Any:
    """Data in a form in which 1, 1.0, True and "1" differ, and the order of keys does not matter."""
    if isinstance(data, dict):
        return "map", sorted((key, exact(item)) for key, item in data.items())
    if isinstance(data, list):
        return "list", [exact(item) for item in data]
    return type(data).__name__, repr(data)


def render(chart: Chart, values: dict[str, Any]) -> list[Any]:
    """The manifests that real Helm prints, in the order of the templates."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in emit_chart(chart).items():
            file = Path(folder, path)
            file.parent.mkdir(exist_ok=True)
            file.write_text(content, encoding="utf-8", newline="\n")
        printed = helm_python.Chart.load(folder).render(values, name="r", namespace="n")
    documents = [
        yaml.load(printed[f"{chart.name}/templates/{template.file}"], GoLoader)  # noqa: S506 (a safe loader's child)
        for template in chart.templates
    ]
    return [document for document in documents if document is not None]


HOSTILE = (
    "", " ", "yes", "no", "on", "off", "y", "n", "N", "null", "~", "0755", "0o17", "1e5", "1_000", "0x1F", "1:30",
    "12:30:45", "2001-12-14", "2001-12-14t21:59:43.10-05:00", ".inf", "-.INF", ".nan", "=", "<<", "-", "--", "---",
    "...", "?", ":", "a: b", "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "'", '"', "''", "a'b",
    'a"b', "\\", "\\n", "a\\", " a", "a ", "a:", "- a", "? a", "[a]", "{a}", "a, b", "{", "}", "{{", "}}", "{{{",
    "}}}", "{{{{", "{{-", "-}}", "{{x}}", "{{ x }}", "{{- x -}}", "{{`x`}}", '{{ "x" }}', "{{{x}}}", "{{/* x */}}",
    "{{=asInt(x) > {{y}}}}", "{{a\nb}}", "{{inputs.parameters.x}}", "{{ $labels.pod }} is {{ $value }}", "{{end}}",
    "{{- end }}", "\n", "a\n", "a\nb", "a\nb\n", "a\n\n", "\na", " a\nb", "a\n b\n", "a\n\tb", "\ta\nb", "a \nb",
    "a\nb ", "a\n \nb", "a\n{{x}}\n", "a\n{{\n", "a\n---\nb\n", "a\n# b\n", "\r", "a\r\nb", "a\tb", "\t", "\x00",
    "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u2028", "\u2029", "a\u2028b\nc", "\ufeff", "\ufeffa",
    "\ufffe", "é", "日本", "😀", "a😀\nb", "\U0010ffff", "1", "-1", "+1", "1.0", "1.", ".5", "1Gi", "100m", "5e", "1E",
    "1Ei", "0b1", "09", "1.2.3", "sha256:abc", "http://x/y?z=1#f", "--flag=x", "true", "False",
    'sum(rate(x{code=~"5.."}[5m])) / {y=\'z\'}', "a" * 300, "word " * 60 + "end", "Infinity", "-inf", "NaN", "None",
    "0", "00",
)  # fmt: skip
_LETTERS = "ab01 \n\t{}`\"'\\:#-|>&*!%@,[]?=.~_$/yn\x85\u2028\ufeffé😀"
_READABLE = st.characters(exclude_categories=["Cs"])
strings = st.sampled_from(HOSTILE) | st.text(_LETTERS, max_size=12) | st.text(_READABLE, max_size=8)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
literal_integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
keys = st.text(_LETTERS, min_size=1, max_size=6) | st.sampled_from(HOSTILE)
names = st.text("abcXYZ019._:/-", max_size=8)
carried = strings.filter(re.compile(PRINTABLE).search)
carried_keys = keys.filter(re.compile(PRINTABLE).search).filter(lambda key: key != "<<")
subtree_leaves = carried | st.integers(-(2**31), 2**31) | st.booleans() | floats
maps = st.dictionaries(carried_keys, subtree_leaves | st.lists(subtree_leaves, max_size=2), max_size=3)
lists = st.lists(subtree_leaves | maps, max_size=3)

PLAIN = "^[A-Za-z0-9._:/-]*$"
FLAGS = tuple(value(path, True, "A switch.") for path in ("on", "release.blue.enabled", "a-b.flag", "x.0y"))
HOSTS = (
    value("network.host", "a.b", "A host.", pattern=PLAIN),
    value("network.port-number", 80, "A port."),
    value("network.mode", "x", "A mode.", enum=["x", "y-z"]),
)
POOL: dict[Value, st.SearchStrategy[Any]] = {
    **dict.fromkeys(FLAGS, st.booleans()),
    HOSTS[0]: names,
    HOSTS[1]: integers | st.sampled_from([20000000, 100.0]),
    HOSTS[2]: st.sampled_from(["x", "y-z"]),
    value("serving.replicas", 2, "Pods."): integers,
    value("serving.free_text", type=str): strings,
    value("ratio", 0.5, "A ratio."): floats | st.integers(-1000, 1000),
    value("serving.resources", {"limits": []}, "A map.", schema={"type": "object"}): maps,
    value("serving.if", [], "A list.", schema={"type": "array"}): lists,
}
values_in_tree = st.sampled_from([*POOL])
conditions = st.lists(st.sampled_from(FLAGS), min_size=1, max_size=3, unique=True)
leaves = strings | literal_integers | st.booleans() | floats | values_in_tree | st.just({}) | st.just([])


@st.composite
def texts(draw: st.DrawFn) -> Any:
    """A string with one or two values inside, and anything around them."""
    used = draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=2, unique=True))
    named = {f"v{index}": one for index, one in enumerate(used)}
    around = [draw(strings) for _ in range(len(used) + 1)]
    template = around[0] + "".join("{" + name + "}" + after for name, after in zip(named, around[1:], strict=True))
    placeholders = {name for name in named if re.search(rf"(?<!\{{)\{{{name}\}}|\{{{name}\}}(?!\}})", template)}
    return text(template, **named) if placeholders == set(named) else template


@st.composite
def guarded(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    """Something whose every entry is conditional, inside a condition that promises one of them."""
    known = draw(conditions)
    entries = [when(one, draw(inner)) for one in known]
    named = {f"k{index}": entry for index, entry in enumerate(entries)}
    return when(known, {"holder": draw(st.sampled_from([entries, named]))})


def _branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    entries = inner | st.builds(when, conditions, inner) | guarded(inner)
    listed = st.lists(entries, min_size=1, max_size=3)
    mapped = st.dictionaries(keys, entries, min_size=1, max_size=3)
    return st.tuples(listed, inner, st.booleans()).map(
        lambda drawn: [drawn[1], *drawn[0]] if drawn[2] else [*drawn[0], drawn[1]]
    ) | st.tuples(mapped, inner, st.booleans()).map(
        lambda drawn: {"fixed": drawn[1], **drawn[0], "last": 1} if drawn[2] else {**drawn[0], "last": drawn[1]}
    )


trees = st.recursive(leaves | texts(), _branches, max_leaves=12)
manifests = st.dictionaries(keys, trees | st.builds(when, conditions, trees), max_size=4).map(
    lambda node: {**node, "kind": "X"}
)
documents = manifests | st.builds(when, conditions, manifests)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """A chart of one to three templates that may use any value of the pool."""
    nodes = draw(st.lists(documents, min_size=1, max_size=3))
    templates = tuple(Template(f"t{index}.yaml", node) for index, node in enumerate(nodes))
    return Chart("law", "0.1.0", "d", "model.yaml", templates)


def _values_for(draw: st.DrawFn, chart: Chart) -> dict[str, Any]:
    flat = {declared.path: draw(POOL[declared]) for declared in values_of(chart)}
    nested: dict[str, Any] = {}
    for path, content in flat.items():
        *above, last = path.split(".")
        place = nested
        for step in above:
            place = place.setdefault(step, {})
        place[last] = content
    return nested


@settings(QUICK, max_examples=300)
@given(st.data())
def test_helm_prints_what_python_evaluates(data: st.DataObject) -> None:
    """For any tree of nodes and any admitted values, object for object and type for type."""
    chart = data.draw(charts())
    values = data.draw(st.composite(_values_for)(chart))
    merged = merge(default_values(chart), values)

    assert exact(render(chart, values)) == exact(evaluate(chart, merged))


scalars = strings | literal_integers | st.booleans() | floats
plain_data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=15
)


@QUICK
@given(st.dictionaries(keys, plain_data, min_size=1, max_size=5))
def test_plain_yaml_reads_back_the_same(data: dict[str, Any]) -> None:
    """Readers of YAML 1.1 and Go's reader both give the data back, type for type."""
    written = emit_manifest(data, "header")
    seen = [exact(yaml.load(written, loader)) for loader in (yaml.SafeLoader, GoLoader)]  # noqa: S506 (both are safe)

    assert seen == [exact(data)] * 2


@QUICK
@given(st.dictionaries(keys, strings | st.booleans() | st.lists(strings), min_size=1))
def test_go_itself_reads_the_same_strings(data: dict[str, Any]) -> None:
    """The reader inside Helm, which is the one inside Kubernetes, gives each string and key back."""
    assert helm_python.values_from_yaml(emit_manifest(data, "header")) == data


@QUICK
@given(charts())
def test_same_bytes_twice(chart: Chart) -> None:
    """Emitting has no memory and no clock."""
    assert emit_chart(chart) == emit_chart(chart)


@QUICK
@given(charts())
def test_every_file_has_a_header_and_line_ends(chart: Chart) -> None:
    """A file begins with where it comes from and ends with a line end; none has a carriage return."""
    for path, content in emit_chart(chart).items():
        assert "model.yaml; edit that file, not this one." in content.partition("Values of")[0]
        assert content.endswith("\n"), path
        assert "\r" not in content


@QUICK
@given(st.data())
def test_values_and_schema_cover_each_other(data: st.DataObject) -> None:
    """Every admitted values file passes, an unknown key and a lost one never do."""
    chart = data.draw(charts())
    values = merge(default_values(chart), data.draw(st.composite(_values_for)(chart)))
    schema = jsonschema.Draft202012Validator(values_schema(chart))

    assert list(schema.iter_errors(values)) == []
    assert not schema.is_valid({**values, "unknown": 1})
    assert all(not schema.is_valid({key: values[key] for key in values if key != lost}) for lost in values)


@QUICK
@given(st.data())
def test_an_overlay_reads_back_as_what_it_sets(data: st.DataObject) -> None:
    """The text of a values file carries every value unchanged."""
    chart = data.draw(charts())
    values = data.draw(st.composite(_values_for)(chart))
    written = overlay(chart, values, "header")

    assert exact(yaml.load(written, GoLoader) or {}) == exact(values)  # noqa: S506 (a safe loader's child)


_json = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_maps = st.dictionaries(st.sampled_from("abc"), _json, max_size=3)


@QUICK
@given(_maps, _maps)
def test_merging_is_helms(base: dict[str, Any], above: dict[str, Any]) -> None:
    """Defaults and a values file give what Helm makes of them, nulls included."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n", encoding="utf-8")
        Path(folder, "values.yaml").write_text(json.dumps(base), encoding="utf-8")
        merged = helm_python.Chart.load(folder).merge_values(above)

    assert merge(base, above) == merged
