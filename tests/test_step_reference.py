"""The reference of the steps: nothing of a step is without a meaning, and its schema is that of real results."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pipeline_runs import MODEL, Pipeline

from mlops_charts import contract
from mlops_charts.contract import MEANINGS, STEPS
from mlops_charts.step_reference import result_schema, steps_markdown, steps_schema
from mlops_charts.steps.call import Result
from mlops_charts.steps.table import result_type, runner

MODEL_WITH_A_GATE: dict[str, Any] = {
    **MODEL,
    "validation": {"minRows": 10, "gates": [{"metric": "accuracy", "min": 0.5, "slice": {"column": "kind"}}]},
}


def described(schema: Any) -> list[str]:
    """Return the fields of a schema that have no meaning, in all its parts."""
    if isinstance(schema, list):
        return [name for one in schema for name in described(one)]
    if not isinstance(schema, dict):
        return []
    fields = schema.get("properties", {})
    lacking = [name for name, field in fields.items() if not field.get("description", "").endswith(".")]
    return [*lacking, *(name for one in schema.values() for name in described(one))]


def validator(name: str) -> Draft202012Validator:
    """Return what holds results of a step against the schema of the file."""
    return Draft202012Validator({**json.loads(steps_schema()), "$ref": f"#/$defs/{name}"})


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_a_module_with_the_class_of_its_result(name: str) -> None:
    """Its module has `run`, a result of its own, and a docstring that begins with what the step does."""
    module = import_module(f"mlops_charts.steps.{name}")
    first = (module.__doc__ or "").partition("\n\n")[0].strip()
    assert callable(runner(name))
    assert issubclass(result_type(name), Result)
    assert result_type(name).__module__ == module.__name__
    assert first[:1].isupper()
    assert first.endswith(".")


@pytest.mark.parametrize("name", STEPS)
def test_every_field_of_a_result_has_a_meaning(name: str) -> None:
    """A sentence each, also those of gates, slices, champion and latency."""
    assert described(result_schema(name)) == []


def test_every_parameter_and_artifact_has_a_meaning() -> None:
    """None is without one, and none is explained that no step has."""
    named = {
        one
        for step in STEPS.values()
        for one in (*step.parameters_in, *step.parameters_out, *step.artifacts_in, *step.artifacts_out)
    }
    assert set(MEANINGS) == named


def test_the_page_tells_all_of_a_step() -> None:
    """Each step has a heading, and a line for each name of its contract and each field of its result."""
    page = steps_markdown()
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == list(STEPS)
    for name, step in STEPS.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        told = (*step.parameters_in, *step.parameters_out, *step.artifacts_in, *step.artifacts_out)
        lacking = [one for one in (*told, *result_schema(name)["properties"]) if f"\n| `{one}` | " not in section]
        assert lacking == [], name


def test_the_schema_is_one() -> None:
    """Of draft 2020-12, with a definition for each step and no reference that leads nowhere."""
    schema = json.loads(steps_schema())
    Draft202012Validator.check_schema(schema)
    assert list(schema["$defs"]) == list(STEPS)
    references = {part.partition('"')[0] for part in steps_schema().split('"$ref": "')[1:]}
    for reference in references:
        found: Any = schema
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]
        assert found["type"] == "object", reference


def test_real_results_are_as_the_schema_says(tmp_path: Path) -> None:
    """A run's results hold against it as they stand in result.json; a field less, more or renamed does not."""
    pipeline = Pipeline(tmp_path, model=MODEL_WITH_A_GATE)
    guard, _ = pipeline.step("guard", trigger="commit", code_digest=pipeline.code_digest)
    known = {"run_id": guard.run_id, "data_digest": guard.data_digest, "code_digest": guard.code_digest}
    train, call = pipeline.step("train", **known)
    validate, _ = pipeline.step("validate", {"model": call.outputs / "model"}, **known)
    results = {"guard": guard, "train": train, "validate": validate}
    texts = {name: json.loads(result.model_dump_json(by_alias=True)) for name, result in results.items()}
    assert texts["guard"]["action"] == contract.ACTIONS[0]
    assert texts["validate"]["gates"][0]["slices"] != []
    for name, found in texts.items():
        validator(name).validate(found)
        for wrong in ({**found, "more": 1}, {key: found[key] for key in list(found)[1:]}):
            with pytest.raises(ValidationError):
                validator(name).validate(wrong)
