"""Routes of HTTP to what answers them, on RSGI. All paths are known at the start and looked up in one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from mlops_charts.contract import LIVE_PATH, READY_PATH
from mlops_charts.saved_model import Signature
from mlops_charts.serving import protocol_v2
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.batching import Batching
from mlops_charts.serving.counters import READY
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.desk import Desk, House, told_length
from mlops_charts.serving.face_seldon import FaceSeldon
from mlops_charts.serving.face_v2 import FaceV2
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.metrics import Metrics
from mlops_charts.serving.pages import Page
from mlops_charts.serving.versions import own_version
from mlops_charts.serving.wakeups import fewer_wakeups

_JSON: Final = [("content-type", "application/json")]
_READING: Final = frozenset({"GET", "HEAD"})
_UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Route:
    """What answers a path besides predictions and documents.

    Attributes:
        method: Of HTTP.
        answer: Takes the body, and returns status, type of the content and content; Declined if it is wrong.
    """

    method: str
    answer: Callable[[bytes], Awaitable[tuple[int, str, bytes]]]


class Beside(Protocol):
    """What runs in the event loop of HTTP."""

    def begin(self, loop: Any) -> None:
        """Prepare a loop that is about to run."""

    def end(self, loop: Any) -> None:
        """Finish what was begun, in a loop that has stopped."""


@dataclass(frozen=True)
class Parts:
    """What an application is made of.

    Attributes:
        identity: Who answers.
        signature: What the model takes and gives.
        inputs: Reads the rows of requests.
        batching: Asks the model.
        metrics: Counts.
        max_body_bytes: The largest body.
        ready: Whether all processes of the server are.
        state: How far this one has come, as `Counters` say it.
        pages: What people open, by path.
        routes: More that is answered, by path.
        beside: What runs in the same event loop.
        logger: Is told of each request that was answered, and which rows of the answers are its own.
    """

    identity: Identity
    signature: Signature
    inputs: Inputs
    batching: Batching
    metrics: Metrics
    max_body_bytes: int
    ready: Callable[[], bool] = lambda: True
    state: Sequence[float] = (READY,)
    pages: Mapping[str, Page] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)
    beside: Sequence[Beside] = ()
    logger: Callable[[Ask, Together, int, int], None] | None = None


class App:
    """An application of RSGI.

    Args:
        parts: What it is made of.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._house = House(parts.batching, parts.metrics, parts.max_body_bytes, parts.state, parts.logger)
        self._said, self._readiness = _documents(parts)
        self._desks = _desks(parts, self._house)

    def __rsgi_init__(self, loop: Any) -> None:
        """Take the loop that all requests come in."""
        fewer_wakeups(loop)
        for one in self._parts.beside:
            one.begin(loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        desk = self._desks.get(scope.path)
        if desk is not None and scope.method == "POST":
            await desk.answer(scope, protocol)
        else:
            await self._other(scope.method, scope.path, scope, protocol)

    def __rsgi_del__(self, loop: Any) -> None:
        """End it."""
        for one in self._parts.beside:
            one.end(loop)

    async def _other(self, method: str, path: str, scope: Any, protocol: Any) -> None:
        route, page = self._parts.routes.get(path), self._parts.pages.get(path)
        if page is not None and method in _READING:
            protocol.response_bytes(200, page.headers + self._house.headers(), page.body)
        elif route is not None and method == route.method:
            await self._routed(route, scope, protocol)
        else:
            if method not in _READING:
                with suppress(Declined):  # whoever sends to a path that takes nothing is told that
                    await self._body(scope, protocol)
            known = path in self._desks or route is not None
            takes = "" if not known else route.method if route is not None else "POST"
            status, body = self._document(method, path, takes)
            allowed = [("allow", takes or "GET, HEAD")] if status == 405 else []  # noqa: PLR2004 - not allowed
            protocol.response_bytes(status, _JSON + allowed + self._house.headers(), body)

    async def _routed(self, route: Route, scope: Any, protocol: Any) -> None:
        try:
            status, kind, body = await route.answer(await self._body(scope, protocol))
        except Declined as declined:
            status, kind = declined.status, "application/json"
            body = orjson.dumps({"error": declined.message})
        protocol.response_bytes(status, [("content-type", kind), *self._house.headers()], body)

    async def _body(self, scope: Any, protocol: Any) -> bytes:
        ask = Ask(protocol, _unasked, _unasked)  # for its size alone
        try:
            return await self._house.body(ask, told_length(scope.headers.get("content-length")))
        finally:
            self._parts.batching.held -= ask.size

    def _document(self, method: str, path: str, takes: str) -> tuple[int, bytes]:
        if takes:
            return 405, orjson.dumps({"error": f"{path} takes {takes}, not {method}"})
        if path not in self._said:
            return 404, orjson.dumps({"error": self._unknown(path)})
        if method not in _READING:
            return 405, orjson.dumps({"error": f"{path} takes GET, not {method}"})
        if path in self._readiness and not self._parts.ready():
            return _UNAVAILABLE, self._readiness[path]
        return 200, self._said[path]

    def _unknown(self, path: str) -> str:
        model, version = self._parts.identity.model, self._parts.identity.version
        asked = path.removeprefix("/v2/models/").split("/") if path.startswith("/v2/models/") else [model]
        if asked[0] != model:
            return f'no model "{asked[0][:100]}" is served here; "{model}" is'
        if asked[1:2] == ["versions"] and asked[2:3] != [version]:
            return f'no version "{"".join(asked[2:3])[:100]}" of {model} is served here; "{version}" is'
        return f"nothing is served at {path[:200]}"


def _unasked(*_told: Any) -> None:
    """Say nothing: what is no prediction is answered by its route."""


def _documents(parts: Parts) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """Return what is said without asking the model, and what of it is said otherwise while somebody is not ready."""
    model, version = parts.identity.model, parts.identity.version
    server = {"name": "mlops-charts", "version": own_version(), "extensions": ["binary_tensor_data"]}
    about = protocol_v2.metadata(parts.signature, model, version)
    up = orjson.dumps({"live": True})
    models = (f"/v2/models/{model}", *([f"/v2/models/{model}/versions/{version}"] if version else []))

    def readiness(ready: bool) -> dict[str, bytes]:  # noqa: FBT001 - said twice, right below
        own, server = orjson.dumps({"name": model, "ready": ready}), orjson.dumps({"ready": ready})
        return {READY_PATH: server, "/health/status": server, **{f"{path}/ready": own for path in models}}

    return {
        **readiness(True),
        LIVE_PATH: up,
        "/v2": orjson.dumps(server),
        **dict.fromkeys(models, orjson.dumps(about)),
        "/health/ping": up,
    }, readiness(False)


def _desks(parts: Parts, house: House) -> Mapping[str, Desk]:
    model, version = parts.identity.model, parts.identity.version
    infer = Desk(house, FaceV2(parts.signature, parts.inputs, model, version))
    predict = Desk(house, FaceSeldon(parts.signature, parts.inputs, model))
    versioned = {f"/v2/models/{model}/versions/{version}/infer": infer} if version else {}
    return {
        f"/v2/models/{model}/infer": infer,
        **versioned,
        "/api/v1.0/predictions": predict,
        "/api/v0.1/predictions": predict,
        "/predict": predict,
    }
