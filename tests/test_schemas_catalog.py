"""One question for all schemas, and the proof made of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_charts.problems import CODES, Severity
from mlops_charts.validation.model import Rendered, Scope
from mlops_charts.validation.schemas import UNCHECKED, Catalog, SchemaError, schema_proof
from mlops_charts.validation.schemas.flaw import DEFAULT, INVALID, KIND_UNCHECKED, NOT_SERVED, UNKNOWN

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-validations": [{"rule": "true"}],
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}


def _object(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "iris"}} | fields


CONFIG = _object("v1", "ConfigMap", data={"a": "b"})
WIDGET = _object("example.com/v1", "Widget", spec={"size": 1})
GADGET = _object("example.com/v1", "Gadget")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Kubernetes 1.35 and one CRD."""
    folder = tmp_path / "crds"
    folder.mkdir()
    (folder / "widgets.yaml").write_text(yaml.safe_dump(WIDGETS), encoding="utf-8")
    return Catalog("1.35", [folder], tmp_path / "cache")


def _scope(*manifests: dict[str, Any]) -> Scope:
    return Scope("iris", "iris-prod", tuple(Rendered(manifest, "x.yaml") for manifest in manifests))


def test_valid_objects_of_both_worlds_are_checked(catalog: Catalog) -> None:
    """Nothing is wrong with them, which is more than not knowing them."""
    assert [catalog.check(manifest) for manifest in (CONFIG, WIDGET, GADGET)] == [[], [], UNCHECKED]


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        (CONFIG | {"dta": {}}, ("dta",)),
        (WIDGET | {"spec": {"size": "1"}}, ("spec", "size")),
        (GADGET | {"kind": ""}, ("kind",)),
        ({"kind": "ConfigMap", "metadata": {"name": "x"}}, ("apiVersion",)),
        (GADGET | {"apiVersion": 1}, ("apiVersion",)),
    ],
)
def test_invalid_objects_are_refused(catalog: Catalog, manifest: dict[str, Any], path: tuple[str, ...]) -> None:
    """Also those that do not say what they are."""
    flaws = catalog.check(manifest)
    assert flaws is not UNCHECKED
    assert [flaw.path for flaw in flaws] == [path]


def test_coverage_counts_per_kind(catalog: Catalog) -> None:
    """What is unchecked, and rules that nobody evaluated, are said."""
    coverage = catalog.coverage([CONFIG, CONFIG, WIDGET, GADGET])
    assert coverage.checked == {("v1", "ConfigMap"): 2, ("example.com/v1", "Widget"): 1}
    assert coverage.unchecked == {("example.com/v1", "Gadget"): 1}
    assert coverage.summary == "3 objects checked, 1 unchecked (Gadget); 1 CEL rules not evaluated"


def test_the_proof_locates_what_is_wrong(catalog: Catalog) -> None:
    """A finding carries the object, the path and the code; a scope without faults has none."""
    (finding,) = schema_proof(catalog)(_scope(CONFIG, WIDGET | {"spec": {"sise": 1}}))
    assert (finding.object.kind, finding.path, finding.code) == ("Widget", ("spec", "sise"), "schema-unknown-field")
    assert finding.severity is Severity.ERROR
    assert list(schema_proof(catalog)(_scope(CONFIG, WIDGET))) == []


@pytest.mark.parametrize(("require_all", "severity"), [(False, Severity.WARNING), (True, Severity.ERROR)])
def test_unchecked_kinds_are_found_once(catalog: Catalog, require_all: bool, severity: Severity) -> None:  # noqa: FBT001
    """As a warning, or as an error where everything must be checked."""
    (finding,) = schema_proof(catalog, require_all=require_all)(_scope(GADGET, CONFIG, GADGET))
    assert (finding.code, finding.severity) == ("kind-unchecked", severity)
    assert finding.message == "2 objects were not checked: no schema of Gadget in example.com/v1"


def test_an_unsupported_version_is_an_error_not_a_pass(tmp_path: Path) -> None:
    """A catalog of a version without schemas checks nothing and says so."""
    with pytest.raises(SchemaError, match=r'no schemas of Kubernetes "1\.99"'):
        Catalog("1.99", [], tmp_path).check(CONFIG)


def test_every_code_is_explained() -> None:
    """The table of codes knows what the schemas find."""
    assert {INVALID, UNKNOWN, DEFAULT, NOT_SERVED, KIND_UNCHECKED} - CODES.keys() == set()
