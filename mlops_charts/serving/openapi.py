"""The server's own description of itself, as OpenAPI 3.1: the paths of one model with its real input and its example.

It is made once, when the server starts. What is counted stands at another port and is not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from mlops_charts.contract import LIVE_PATH, READY_PATH
from mlops_charts.saved_model import Signature
from mlops_charts.saved_model.example import Example
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.openapi_schemas import Limits, Schema, schemas

Face = Literal["v2", "seldon"]

V2: Final = "Open Inference Protocol v2"
SELDON: Final = "Seldon protocol v1"
HEALTH: Final = "Health"
_BINARY: Final = "application/octet-stream"  # the JSON, then the tensors; Inference-Header-Content-Length parts them
_REFUSALS: Final = {
    "400": "The request is not what was expected; the answer names column and row.",
    "413": "The body or the number of rows is too large.",
    "429": "Too many requests wait; ask again after the seconds of Retry-After.",
    "500": "The model failed.",
    "503": "The server is going down or has no room; ask again after the seconds of Retry-After.",
    "504": "The model did not answer in time.",
}


def document(identity: Identity, signature: Signature, example: Example, limits: Limits, first: Face = "v2") -> Schema:
    """Return the document.

    Args:
        identity: Who answers.
        signature: What the model takes and gives.
        example: What it was saved with; it becomes the example of both protocols.
        limits: What the server takes.
        first: The protocol that stands first.
    """
    faces = {"v2": _v2(identity, example), "seldon": _seldon(example)}
    order = sorted(faces, key=lambda face: face != first)
    tags = {"v2": V2, "seldon": SELDON}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": identity.model,
            "version": identity.version or "0",
            "summary": _summary(identity, signature),
            "description": _description(signature),
        },
        "tags": [*({"name": tags[face]} for face in order), {"name": HEALTH}],
        "paths": {path: item for face in order for path, item in faces[face].items()} | _health(),
        "components": {"schemas": schemas(signature, limits)},
    }


def _summary(identity: Identity, signature: Signature) -> str:
    version = f" {identity.version}" if identity.version else ""
    return f"{identity.model}{version}: {signature.task} of {len(signature.inputs)} columns"


def _description(signature: Signature) -> str:
    classes = f" Its classes are {', '.join(signature.classes)}." if signature.classes else ""
    return (
        f"Predicts {signature.target}.{classes} Both protocols reach the same model; "
        "tensors of version 2 may come and go in binary form."
    )


def _v2(identity: Identity, example: Example) -> dict[str, Schema]:
    base = f"/v2/models/{identity.model}"
    bases = [base, *([f"{base}/versions/{identity.version}"] if identity.version else [])]
    found: dict[str, Schema] = {}
    for number, one in enumerate(bases):
        suffix = "Version" if number else ""
        of = "this version" if number else "the model"
        infer = _post(f"infer{suffix}", V2, f"Ask {of}", "Infer", example.v2)
        found[f"{one}/infer"] = infer
        found[one] = _get(f"metadata{suffix}", V2, f"The columns and outputs of {of}", "Metadata")
        found[f"{one}/ready"] = _get(f"modelReady{suffix}", V2, f"Whether {of} answers", "ModelReady")
    return {**found, "/v2": _get("server", V2, "The server", "Server")}


def _seldon(example: Example) -> dict[str, Schema]:
    return {
        "/api/v1.0/predictions": _post("predictions", SELDON, "Ask the model", "Seldon", example.seldon),
        "/predict": _post("predict", SELDON, "Ask the model, as Seldon's executor does", "Seldon", example.seldon),
        "/api/v1.0/feedback": _feedback(example),
        "/health/status": _get("seldonStatus", SELDON, "Whether the model answers", "Ready"),
        "/health/ping": _get("seldonPing", SELDON, "Whether the server lives", "Live"),
    }


def _health() -> dict[str, Schema]:
    return {
        READY_PATH: _get("ready", HEALTH, "Whether the model answers", "Ready"),
        LIVE_PATH: _get("live", HEALTH, "Whether the server lives", "Live"),
    }


def _post(operation: str, tag: str, summary: str, kind: str, example: Mapping[str, Any]) -> Schema:
    saved = {"saved": {"summary": "What the model was saved with", "value": example}}
    refusals = {
        status: {"description": text, "content": _content(f"{kind}Error")} for status, text in _REFUSALS.items()
    }
    binary: Schema = {_BINARY: {"schema": {}}} if kind == "Infer" else {}
    answers = {**_content(f"{kind}Response"), **binary}
    return {
        "post": {
            "operationId": operation,
            "tags": [tag],
            "summary": summary,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _reference(f"{kind}Request"), "examples": saved}},
            },
            "responses": {"200": {"description": "The answer.", "content": answers}, **refusals},
        }
    }


def _feedback(example: Example) -> Schema:
    told = {"reward": 1.0, "truth": {"data": {"ndarray": example.answers.labels}}}
    made = _post("feedback", SELDON, "Say how good an answer was, or what was true", "Feedback", told)
    error = _content("InferError")
    made["post"]["responses"] = {
        "200": {"description": "It was counted.", "content": _content("FeedbackResponse")},
        "400": {"description": _REFUSALS["400"], "content": error},
        "413": {"description": _REFUSALS["413"], "content": error},
    }
    return made


def _get(operation: str, tag: str, summary: str, schema: str) -> Schema:
    return {
        "get": {
            "operationId": operation,
            "tags": [tag],
            "summary": summary,
            "responses": {"200": {"description": "It is so.", "content": _content(schema)}},
        }
    }


def _content(schema: str) -> Schema:
    return {"application/json": {"schema": _reference(schema)}}


def _reference(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}
