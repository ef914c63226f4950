"""Routes of HTTP to what answers them, on RSGI. All paths are known at the start and looked up in one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from traceback import format_exc
from typing import Any, Final

import orjson

from mlops_charts.contract import LIVE_PATH, READY_PATH
from mlops_charts.log import log
from mlops_charts.saved_model import Answers, Rows, Signature
from mlops_charts.serving import protocol_seldon, protocol_v2
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.metrics import Metrics
from mlops_charts.serving.service import Service

Predict = Callable[[bytes], Awaitable[dict[str, Any]]]
Failure = Callable[[int, str], dict[str, Any]]

_JSON: Final = [("content-type", "application/json")]
_PATIENCE: Final = (
    4  # times the largest body: so much is read, to be thrown away, of one who reads only once all is sent
)
_BINARY: Final = "inference-header-content-length"


@dataclass(frozen=True)
class Parts:
    """What an application is made of.

    Attributes:
        identity: Who answers.
        signature: What the model takes and gives.
        inputs: Reads the rows of requests.
        service: Asks the model.
        metrics: Counts.
        max_body_bytes: The largest body.
    """

    identity: Identity
    signature: Signature
    inputs: Inputs
    service: Service
    metrics: Metrics
    max_body_bytes: int

    async def answer(self, rows: Rows) -> Answers:
        """Return what the model says, counted."""
        answers = await self.service.answer(rows)
        self.metrics.answered(answers)
        return answers


class App:
    """An application of RSGI.

    Args:
        parts: What it is made of.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._said = _documents(parts)
        self._predictions = _predictions(parts)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        path = scope.path
        predictions = self._predictions.get(path)
        if predictions is not None and scope.method == "POST":
            status, body = await self._predict(scope, protocol, *predictions)
        elif predictions is not None:
            status, body = 405, orjson.dumps({"error": f"{path} takes POST, not {scope.method}"})
        else:
            status, body = self._document(scope.method, path)
        protocol.response_bytes(status, _JSON, body)

    async def _predict(self, scope: Any, protocol: Any, predict: Predict, failure: Failure) -> tuple[int, bytes]:
        with self._parts.metrics.request() as ended:
            try:
                body = await _body(scope, protocol, self._parts.max_body_bytes)
                answer = 200, orjson.dumps(await predict(body))
            except Declined as declined:
                answer = declined.status, orjson.dumps(failure(declined.status, declined.message))
            except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and stands in the log
                log("server failed", error=type(error).__name__, traceback=format_exc())
                answer = 500, orjson.dumps(failure(500, "the server failed; its log says why"))
            ended(answer[0])
        return answer

    def _document(self, method: str, path: str) -> tuple[int, bytes]:
        if path not in self._said:
            return 404, orjson.dumps({"error": self._unknown(path)})
        if method not in {"GET", "HEAD"}:
            return 405, orjson.dumps({"error": f"{path} takes GET, not {method}"})
        return 200, self._said[path]

    def _unknown(self, path: str) -> str:
        model, version = self._parts.identity.model, self._parts.identity.version
        asked = path.removeprefix("/v2/models/").split("/") if path.startswith("/v2/models/") else [model]
        if asked[0] != model:
            return f'no model "{asked[0][:100]}" is served here; "{model}" is'
        if asked[1:2] == ["versions"] and asked[2:3] != [version]:
            return f'no version "{"".join(asked[2:3])[:100]}" of {model} is served here; "{version}" is'
        return f"nothing is served at {path[:200]}"


def _documents(parts: Parts) -> Mapping[str, bytes]:
    """Return what is said without asking the model: it answered its example before the server began to listen."""
    model, version = parts.identity.model, parts.identity.version
    server = {"name": "mlops-charts", "version": _own_version(), "extensions": []}
    about = protocol_v2.metadata(parts.signature, model, version)
    ready, up = orjson.dumps({"ready": True}), orjson.dumps({"live": True})
    models = (f"/v2/models/{model}", *([f"/v2/models/{model}/versions/{version}"] if version else []))
    return {
        READY_PATH: ready,
        LIVE_PATH: up,
        "/v2": orjson.dumps(server),
        **dict.fromkeys(models, orjson.dumps(about)),
        **dict.fromkeys((f"{path}/ready" for path in models), orjson.dumps({"name": model, "ready": True})),
        "/health/status": ready,
        "/health/ping": up,
    }


def _predictions(parts: Parts) -> Mapping[str, tuple[Predict, Failure]]:
    model, version = parts.identity.model, parts.identity.version
    infer = partial(_infer_v2, parts), _failure_v2
    predict = partial(_predict_seldon, parts), protocol_seldon.failure
    versioned = {f"/v2/models/{model}/versions/{version}/infer": infer} if version else {}
    return {
        f"/v2/models/{model}/infer": infer,
        **versioned,
        "/api/v1.0/predictions": predict,
        "/api/v0.1/predictions": predict,
        "/predict": predict,
    }


async def _infer_v2(parts: Parts, body: bytes) -> dict[str, Any]:
    asked = protocol_v2.read(parse_json(body), parts.inputs)
    answers = await parts.answer(asked.rows)
    return protocol_v2.written(answers, parts.signature, asked, parts.identity.model, parts.identity.version)


async def _predict_seldon(parts: Parts, body: bytes) -> dict[str, Any]:
    asked = protocol_seldon.read(parse_json(body), parts.inputs)
    answers = await parts.answer(asked.rows)
    return protocol_seldon.written(answers, parts.signature, asked, parts.identity.model)


def _failure_v2(_status: int, message: str) -> dict[str, Any]:
    return {"error": message}


async def _body(scope: Any, protocol: Any, most: int) -> bytes:
    """Return the body of a request; of one that is too large nothing is kept."""
    headers = scope.headers
    if _BINARY in headers:
        raise Declined(400, "tensors in binary form are not served by this version; send them as JSON")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) <= most:
        return bytes(await protocol())
    body, read = bytearray(), 0
    async for chunk in protocol:
        read += len(chunk)
        if read <= most:
            body += chunk
        elif read > most * _PATIENCE:
            break
    if read > most:
        raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> Declined:
    return Declined(413, f"the body is too large; at most {most} bytes may come in one request")


def _own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - once, at the start

    try:
        return version("mlops-charts")
    except PackageNotFoundError:
        return ""
