"""The reference of the steps: what each reads and writes, and the schema of its result; made from code alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from pydantic.alias_generators import to_camel

from mlops_charts.contract import MEANINGS, STEPS
from mlops_charts.steps.table import result_type

_HEAD: Final = """# Steps

What the pods of a pipeline run, and what `mlops-charts run` runs on one machine: `mlops-charts step NAME --spec
model.json --inputs FOLDER --outputs FOLDER`, with a flag for each parameter. The model's spec, resolved, is the file
of `--spec`.

- A **parameter** that a later step needs is a file `<outputs>/<name>`; an **artifact** is a folder `<inputs>/<name>`
  or `<outputs>/<name>`. On a run that goes on in the middle each artifact but `source` may be missing: the model then
  comes from its MLflow run.
- The **result** is `<outputs>/result.json`, printed on stdout as well; its schema is in
  `mlops_charts/schemas/steps.schema.json`. The log is on stderr, one JSON object a line.
- **Exit status**: 0 done; 1 the user's side said no, such as a gate that failed or a train.py that raised, and is not
  tried again; 2 usage, not tried again; 3 a tool or a service failed; 137 out of memory, tried again with more. What
  is tried again, is so up to `training.retries.limit` times, with growing pauses.
- Every step may run alone, twice, and after it was killed at any point: what it leaves is whole, or is written anew,
  and how far the run has come stands in MLflow as the last thing that the step does.

This page is made from the code.
"""
_PARTS: Final = "#/$defs/"


def steps_markdown() -> str:
    """Return the page of the steps."""
    return "\n".join([_HEAD, *(line for name in STEPS for line in _step(name))]) + "\n"


def steps_schema() -> str:
    """Return the JSON Schema of every step's result, as the text of a file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Results of the steps",
        "description": "Each step's result.json, by the name of the step.",
        "$defs": {name: _placed(result_schema(name), f"{_PARTS}{name}/$defs/") for name in STEPS},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def result_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a step's result, each field with its meaning."""
    schema = _described(result_type(name).model_json_schema(by_alias=True, mode="serialization"))
    if "$defs" in schema:
        schema["$defs"] = {part: _described(found) for part, found in schema["$defs"].items()}
    return schema


def _step(name: str) -> Iterator[str]:
    contract, module = STEPS[name], import_module(f"mlops_charts.steps.{name}")
    yield f"\n## {name}\n"
    yield (module.__doc__ or "").strip()
    for title, names in (
        ("parameters read", contract.parameters_in),
        ("artifacts read", contract.artifacts_in),
        ("parameters written", contract.parameters_out),
        ("artifacts written", contract.artifacts_out),
    ):
        if names:
            yield from _table(title, ((one, MEANINGS[one]) for one in names))
    schema = result_schema(name)
    yield from _fields("result", schema, schema.get("$defs", {}))


def _fields(title: str, schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of a result, and then those of each part of it."""
    fields = schema["properties"]
    yield from _table(title, ((field, found["description"]) for field, found in fields.items()))
    for field, found in fields.items():
        for part in re.findall(rf"{re.escape(_PARTS)}(\w+)", json.dumps(found)):
            each = "each of " if "items" in found else ""
            yield from _fields(f"{each}`{field}`", parts[part], parts)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"\n| {title} | meaning |\n|---|---|"
    yield from (f"| `{name}` | {meaning} |" for name, meaning in rows)


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a class with what its docstring says of a field beside that field."""
    sentence, _, section = schema.get("description", "").partition("\n\nAttributes:\n")
    meanings = {
        to_camel(found["name"]): " ".join(found["text"].split())
        for found in re.finditer(r"^ {4}(?P<name>\w+): (?P<text>.*(?:\n {8,}.*)*)", section, re.MULTILINE)
    }
    fields = {field: {"description": meanings[field], **found} for field, found in schema["properties"].items()}
    return {**schema, "description": " ".join(sentence.split()), "properties": fields}


def _placed(node: Any, parts: str) -> Any:
    """Return a schema whose references lead to where its parts stand in the file."""
    if isinstance(node, list):
        return [_placed(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: parts + found.removeprefix(_PARTS) if key == "$ref" else _placed(found, parts)
        for key, found in node.items()
    }
