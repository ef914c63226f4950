"""The reference of the steps: what each reads and writes, and the schema of its result; made from code alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

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


def steps_markdown() -> str:
    """Return the page of the steps."""
    return "\n".join([_HEAD, *(line for name in STEPS for line in _step(name))]) + "\n"


def steps_schema() -> str:
    """Return the JSON Schema of every step's result, as the text of a file."""
    definitions = {name: result_type(name).model_json_schema(by_alias=True, mode="serialization") for name in STEPS}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Results of the steps",
        "description": "Each step's result.json, by the name of the step.",
        "$defs": definitions,
    }
    return json.dumps(_rooted(schema), indent=2, ensure_ascii=False) + "\n"


def fields(name: str) -> dict[str, str]:
    """Return the fields of a step's result, as they stand in the file, with what each means."""
    made = result_type(name)
    meanings = _attributes(made.__doc__ or "")
    return {field.alias or key: field.description or meanings.get(key, "") for key, field in made.model_fields.items()}


def _step(name: str) -> Iterator[str]:
    contract, module = STEPS[name], import_module(f"mlops_charts.steps.{name}")
    yield f"\n## {name}\n"
    yield (module.__doc__ or "").strip() + "\n"
    for title, names in (
        ("parameters read", contract.parameters_in),
        ("artifacts read", contract.artifacts_in),
        ("parameters written", contract.parameters_out),
        ("artifacts written", contract.artifacts_out),
    ):
        if names:
            yield f"\n| {title} | meaning |\n|---|---|"
            yield from (f"| `{one}` | {MEANINGS[one]} |" for one in names)
    yield "\n| result | meaning |\n|---|---|"
    for field, meaning in fields(name).items():
        yield f"| `{field}` | {meaning} |"


def _attributes(docstring: str) -> dict[str, str]:
    """Return what the section Attributes of a docstring says, as one line each."""
    _, _, section = docstring.partition("Attributes:\n")
    return {
        found["name"]: " ".join(found["text"].split())
        for found in re.finditer(r"^ {8}(?P<name>\w+): (?P<text>.*(?:\n {12,}.*)*)", section, re.MULTILINE)
    }


def _rooted(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the definitions of its parts where their references point to."""
    text = json.dumps(schema)
    for name, part in schema["$defs"].items():
        if "$defs" in part:
            old = json.dumps(part)
            text = text.replace(old, old.replace('"#/$defs/', f'"#/$defs/{name}/$defs/'))
    found: dict[str, Any] = json.loads(text)
    return found
