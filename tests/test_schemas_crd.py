"""Custom resources against CRDs in folders, and the cache of compiled CRDs."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_charts.validation.schemas import SchemaError
from mlops_charts.validation.schemas.crd import CustomResources
from mlops_charts.validation.schemas.store import default_cache, read_versions

SPEC = {
    "type": "object",
    "description": "prose",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "description": "prose", "minimum": 1},
        "description": {"type": "string"},
        "ports": {
            "type": "array",
            "items": {
                "type": "object",
                "x-kubernetes-validations": [{"rule": "self.number > 0"}],
                "properties": {"number": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
            },
        },
    },
}


def _crd(kind: str = "Widget", scope: str = "Namespaced", spec: dict[str, Any] = SPEC) -> dict[str, Any]:
    def version(name: str, *, served: bool) -> dict[str, Any]:
        root = {"type": "object", "properties": {"spec": spec}}
        return {"name": name, "served": served, "storage": served, "schema": {"openAPIV3Schema": root}}

    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.lower()}s.example.com"},
        "spec": {
            "group": "example.com",
            "scope": scope,
            "names": {"kind": kind, "plural": f"{kind.lower()}s"},
            "versions": [version("v1", served=True), version("v1beta1", served=False)],
        },
    }


def _folder(path: Path, *documents: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "crds.yaml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return path


def _widget(version: str = "v1", kind: str = "Widget", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"example.com/{version}",
        "kind": kind,
        "metadata": {"name": "iris"},
        "spec": {"size": 1} | spec,
    }


def _kinds(tmp_path: Path, *documents: Any) -> CustomResources:
    return CustomResources([_folder(tmp_path / "crds", *documents)], tmp_path / "cache")


def test_a_valid_resource_has_no_flaws(tmp_path: Path) -> None:
    """A field called description is a field, not prose."""
    widget = _widget(description="a text", ports=[{"number": 1, "protocol": "TCP"}])
    assert _kinds(tmp_path, _crd()).check(widget) == []


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ({"size": 0}, ("spec", "size"), "schema-invalid"),
        ({"sise": 1}, ("spec", "sise"), "schema-unknown-field"),
        ({"ports": [{"number": 1}]}, ("spec", "ports", 0, "protocol"), "crd-default-missing"),
    ],
)
def test_a_wrong_resource_has_one_flaw(tmp_path: Path, spec: Any, path: tuple[str | int, ...], code: str) -> None:
    """Shape, unknown fields and defaults are checked in one go."""
    assert [flaw[:2] for flaw in _kinds(tmp_path, _crd()).check(_widget(**spec))] == [(path, code)]


@pytest.mark.parametrize(("version", "message"), [("v1beta1", "is no longer served"), ("v2", "does not exist")])
def test_versions_that_are_not_served_are_refused(tmp_path: Path, version: str, message: str) -> None:
    """The served versions are named."""
    (flaw,) = _kinds(tmp_path, _crd()).check(_widget(version))
    assert flaw == (
        ("apiVersion",),
        "crd-version-not-served",
        f'version "{version}" of Widget {message}',
        "served: v1",
    )


def test_a_cluster_scoped_resource_has_no_namespace(tmp_path: Path) -> None:
    """An API server refuses one; in a namespaced kind it belongs."""
    kinds = _kinds(tmp_path, _crd(), _crd("Globe", "Cluster"))
    widget, globe = _widget(), _widget(kind="Globe")
    assert kinds.check(globe) == []
    for manifest in (widget, globe):
        manifest["metadata"]["namespace"] = "prod"
    assert [len(kinds.check(manifest)) for manifest in (widget, globe)] == [0, 1]


def test_other_documents_and_files_are_passed_over(tmp_path: Path) -> None:
    """A release bundle holds more than CRDs; lists are opened."""
    bundle = {"apiVersion": "v1", "kind": "List", "items": [_crd("Globe")]}
    kinds = _kinds(tmp_path, {"kind": "Namespace"}, None, _crd(), bundle)
    (tmp_path / "crds" / "README.md").write_text("{[", encoding="utf-8")
    known = [kinds.knows("example.com/v1", kind) for kind in ("Widget", "Globe", "Namespace")]
    assert known == [True, True, False]


def test_the_first_folder_wins(tmp_path: Path) -> None:
    """A folder of one's own can stand before the pinned CRDs."""
    own = _folder(tmp_path / "own", _crd(spec={"type": "object", "x-kubernetes-preserve-unknown-fields": True}))
    pinned = _folder(tmp_path / "pinned", _crd())
    flaws = [
        CustomResources(folders, tmp_path / "cache").check(_widget(sise=1))
        for folders in ([own, pinned], [pinned, own])
    ]
    assert [len(found) for found in flaws] == [0, 1]


def test_rules_in_cel_are_counted(tmp_path: Path) -> None:
    """They are not evaluated, and it is said how many there are."""
    assert _kinds(tmp_path, _crd()).rules("example.com/v1", "Widget") == 1


def test_the_cache_is_keyed_by_content(tmp_path: Path) -> None:
    """A changed CRD is compiled anew; an unchanged one is not even parsed again."""
    folder, cache = _folder(tmp_path / "crds", _crd()), tmp_path / "cache"
    first = read_versions([folder], cache)
    marked = Path(first[0].file)
    marked.write_text(json.dumps({"type": "object", "required": ["marked"]}), encoding="utf-8")
    assert CustomResources([folder], cache).check(_widget())[0].path == ("marked",)
    _folder(folder, _crd(spec=SPEC | {"required": []}))
    assert read_versions([folder], cache)[0].file != first[0].file


@pytest.mark.parametrize("index", [b"", b"{", b"[{}]", b'[{"file": 1}]'])
def test_a_damaged_cache_is_built_again(tmp_path: Path, index: bytes) -> None:
    """An index that cannot be read counts as absent."""
    folder, cache = _folder(tmp_path / "crds", _crd()), tmp_path / "cache"
    first = read_versions([folder], cache)
    Path(first[0].file).with_name("index.json").write_bytes(index)
    assert read_versions([folder], cache) == first
    assert [path.name for path in (cache / "crds-1").iterdir()] == [Path(first[0].file).parent.name]


def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    """A missing folder, a file that is no YAML, and a CRD that is none, are named."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "x.yaml").write_text("a: [", encoding="utf-8")
    headless = _folder(tmp_path / "headless", {"kind": "CustomResourceDefinition", "spec": {"group": "a.example"}})
    for folder, message in (
        (tmp_path / "none", "no such folder"),
        (broken, "x.yaml: not YAML"),
        (headless, "crds.yaml: holds a CustomResourceDefinition without names or versions"),
    ):
        with pytest.raises(SchemaError, match=message) as caught:
            read_versions([folder], tmp_path / "cache")
        assert "\n" not in str(caught.value)


def test_the_cache_lies_where_the_user_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$XDG_CACHE_HOME, else ~/.cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "mlops-charts"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "mlops-charts"
