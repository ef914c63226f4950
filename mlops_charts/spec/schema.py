"""The JSON Schemas of model.yaml and platform.yaml, generated from the types, for editors and other programs."""

import json
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from mlops_charts.spec.base import Block
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec

Kind = Literal["model", "platform"]
Schema = dict[str, Any]

_ROOTS: dict[Kind, type[Block]] = {"model": ModelSpec, "platform": PlatformSpec}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator without the titles that it makes of keys, and with the defaults that factories make."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: Any) -> Schema:
        made = super().default_schema(schema)
        factory = schema.get("default_factory")
        return {**made, "default": _plain(factory())} if factory and "default" not in made else made


def _close(block: Schema) -> None:
    """Refuse keys that fit none of the patterns of a map."""
    for found in block["properties"].values():
        if "patternProperties" in found:
            found["additionalProperties"] = False


def _plain(found: Any) -> Any:
    return TypeAdapter(type(found)).dump_python(found, mode="json", by_alias=True, exclude_none=True)


@cache
def schema_text(kind: Kind) -> str:
    """Return the JSON Schema of a specification as the text of a file: draft 2020-12, closed, with defaults.

    Fields that an environment may override carry `x-overridable`; the kind of a text, such as a duration, is `x-kind`.
    """
    root = _ROOTS[kind]
    made = root.model_json_schema(by_alias=True, schema_generator=_Generator)
    for definition in made.get("$defs", {}).values():
        definition.pop("title", None)
        _close(definition)
    _close(made)
    head = {
        "$schema": _DIALECT,
        "$id": f"urn:mlops-charts:v1:{kind}",
        "title": f"{kind}.yaml of mlops-charts",
        "description": (root.__doc__ or "").strip(),
    }
    return json.dumps({**head, **{key: found for key, found in made.items() if key not in head}}, indent=2) + "\n"


def model_schema() -> Schema:
    """Return the JSON Schema of model.yaml."""
    schema: Schema = json.loads(schema_text("model"))
    return schema


def platform_schema() -> Schema:
    """Return the JSON Schema of platform.yaml."""
    schema: Schema = json.loads(schema_text("platform"))
    return schema
