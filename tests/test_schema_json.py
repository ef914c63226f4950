"""The JSON Schemas: current, closed, and never stricter or laxer than they should be."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_spec_parse import JUNK, MUTABLE, TEXTS, replaced

import mlops_charts
from mlops_charts.source import Path as Place
from mlops_charts.source import parse
from mlops_charts.spec.base import Block
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.schema import Kind, model_schema, platform_schema, schema_text
from mlops_charts.starter import minimal_model

SCHEMAS = Path(mlops_charts.__file__).parent / "schemas"
VALIDATORS = {
    ModelSpec: jsonschema.Draft202012Validator(model_schema()),
    PlatformSpec: jsonschema.Draft202012Validator(platform_schema()),
}


@pytest.mark.parametrize("kind", ["model", "platform"])
def test_committed_schemas_are_current(kind: Kind) -> None:
    """The files say what the types say."""
    assert (SCHEMAS / f"{kind}.schema.json").read_text() == schema_text(kind)


@pytest.mark.parametrize("schema", [model_schema(), platform_schema()])
def test_schemas_are_schemas(schema: dict[str, Any]) -> None:
    """They meet their own dialect, name themselves, and every block is closed."""
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("urn:mlops-charts:v1:")
    assert all(block["additionalProperties"] is False for block in [schema, *schema["$defs"].values()])


@pytest.mark.parametrize("schema", [model_schema(), platform_schema()])
def test_every_field_is_described(schema: dict[str, Any]) -> None:
    """A field has a sentence, itself or through its block; one that is not required has a default."""
    for block in [schema, *schema["$defs"].values()]:
        for key, field in block["properties"].items():
            inner = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
            assert field.get("description") or inner.get("description"), key
            assert key in block.get("required", ()) or "default" in field, key


def test_defaults_of_blocks_and_lists_are_stated() -> None:
    """Defaults that factories make stand in the schema like any other."""
    release = model_schema()["$defs"]["Release"]["properties"]
    assert release["analysis"]["default"]["checks"][0] == {
        "metric": "errorRate",
        "critical": True,
        "maxIncreasePoints": 1.0,
    }
    assert release["interval"]["x-overridable"] is True
    assert "x-overridable" not in model_schema()["$defs"]["Serving"]["properties"]["runtime"]


@pytest.mark.parametrize("root", list(TEXTS))
def test_the_complete_file_is_valid(root: type[Block]) -> None:
    """What `init --full` writes meets the schema."""
    VALIDATORS[root].validate(yaml.safe_load(TEXTS[root]))


def test_the_small_file_is_valid() -> None:
    """What `init` writes meets the schema."""
    VALIDATORS[ModelSpec].validate(yaml.safe_load(minimal_model("iris")))


@given(where=st.sampled_from(MUTABLE), junk=JUNK)
@settings(max_examples=100, deadline=None)
def test_what_the_schema_refuses_is_refused(where: tuple[type[Block], Place], junk: Any) -> None:
    """An editor never underlines what the command line accepts."""
    root, path = where
    text = yaml.safe_dump(replaced(yaml.safe_load(TEXTS[root]), path, junk), sort_keys=False)
    source, problems = parse(text, "file.yaml")
    assert source
    if not VALIDATORS[root].is_valid(source.data):
        assert problems or parse_spec(root, source).problems
