"""The table of proofs as a whole: good scopes are clean, every code is known, odd shapes do no harm."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proof_samples import GONE, apps, change, found, pipeline, serving, within

import mlops_charts.validation
from mlops_charts.problems import CODES, codes_applications, codes_policy, codes_seldon, codes_workflows
from mlops_charts.validation.model import PolicyException, Rendered, Scope
from mlops_charts.validation.policy.pods import resources
from mlops_charts.validation.proofs import FLEET_PROOFS, PROOFS, prove, prove_fleet

CONTAINER = ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers", 0)
SOURCES = sorted(Path(mlops_charts.validation.__file__).parent.rglob("*.py"))
CODE_TABLES = (codes_seldon.TABLE, codes_workflows.TABLE, codes_applications.TABLE, codes_policy.TABLE)


@pytest.mark.parametrize("scope", [serving(), pipeline()], ids=lambda scope: scope.title)
def test_a_good_scope_is_clean(scope: Scope) -> None:
    """No proof finds anything in a scope that is right."""
    assert list(prove(scope)) == []


def test_a_good_fleet_is_clean() -> None:
    """No proof finds anything in Applications that are right."""
    assert list(prove_fleet([serving(), pipeline()], apps())) == []


def test_every_proof_stands_in_the_table_once() -> None:
    """No function has two names, and the two tables share none."""
    every = [*PROOFS.values(), *FLEET_PROOFS.values()]
    assert len(every) == len(set(every)) == len({*PROOFS, *FLEET_PROOFS})


def test_every_code_of_the_proofs_is_written_in_a_proof() -> None:
    """A code that no proof speaks of would be explained to nobody."""
    text = "".join(source.read_text(encoding="utf-8") for source in SOURCES)
    assert [name for table in CODE_TABLES for name, _ in table if f'"{name}"' not in text] == []


def test_every_code_that_a_proof_writes_is_known() -> None:
    """`explain` knows what `validate` prints."""
    texts = (source.read_text(encoding="utf-8") for source in SOURCES)
    written = {code for text in texts for code in re.findall(r'(?:finding\(|CODE = )\s*"([a-z-]+)"', text)}
    assert set() == written - set(CODES)


def test_an_exception_allows_one_code_of_one_object() -> None:
    """A named exception silences its own finding and no other."""
    broken = within(serving(), "SeldonDeployment/iris", (*CONTAINER, "resources"), GONE)
    allowed = PolicyException("SeldonDeployment", "ir*", "resources-missing", "measured elsewhere")
    other = PolicyException("Deployment", "iris", "resources-missing", "another kind")
    assert len(found(resources, broken)) == 3
    assert found(resources, _excepting(broken, allowed)) == []
    assert len(found(resources, _excepting(broken, other))) == 3


def _excepting(scope: Scope, exception: PolicyException) -> Scope:
    return Scope(scope.title, scope.namespace, scope.objects, scope.pod_security, scope.externals, (exception,))


leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
KEYS = st.sampled_from(
    [
        *("spec", "template", "templates", "metadata", "labels", "annotations", "predictors", "componentSpecs"),
        *("containers", "graph", "children", "dag", "tasks", "steps", "arguments", "parameters", "inputs", "outputs"),
        *("artifacts", "env", "ports", "resources", "rules", "roleRef", "subjects", "selector", "matchLabels"),
        *("matchExpressions", "ingress", "egress", "destination", "syncPolicy", "name", "value", "volumes", "data"),
    ]
)
trees = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))
KINDS = sorted({one.kind for one in (*serving().objects, *pipeline().objects, *apps())} | {"Service", "Secret"})


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield from [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield from _paths(item, (*path, key))


PLACES = [
    (scope, one, path) for scope in (serving(), pipeline()) for one in scope.objects for path in _paths(one.manifest)
]


@settings(max_examples=200)
@given(place=st.sampled_from(PLACES), value=trees)
def test_a_place_of_any_shape_does_no_harm(place: tuple[Scope, Rendered, tuple[str | int, ...]], value: Any) -> None:
    """One place of a good scope may hold anything at all."""
    scope, rendered, path = place
    broken = tuple(change(one, path, value) if one is rendered else one for one in scope.objects)
    list(prove(replace(scope, objects=broken)))
    list(prove_fleet([replace(scope, objects=broken)], apps()))


FLEET_PLACES = [(one, path) for one in apps() for path in _paths(one.manifest)]


@settings(max_examples=50)
@given(place=st.sampled_from(FLEET_PLACES), value=trees)
def test_an_application_of_any_shape_does_no_harm(place: tuple[Rendered, tuple[str | int, ...]], value: Any) -> None:
    """One place of an Application may hold anything at all."""
    broken = change(*place, value)
    list(prove_fleet([serving(), pipeline()], [broken, *apps()]))


@given(kind=st.sampled_from(KINDS), body=st.dictionaries(KEYS, trees, max_size=5))
def test_objects_of_any_shape_do_no_harm(kind: str, body: dict[str, Any]) -> None:
    """Proofs run beside the schemas, so what a schema would refuse must not stop them."""
    rendered = Rendered({"apiVersion": "v1", "kind": kind, **body}, "x.yaml")
    scope = Scope("any", "any", (rendered,))
    list(prove(scope))
    list(prove_fleet([scope], [rendered]))
