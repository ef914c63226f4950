"""Version 2 of the protocol over gRPC, beside HTTP in the same process and event loop: one batching, one count.

Every process listens at the same port, and the system divides connections among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from traceback import format_exc
from typing import Any, Final

from mlops_charts.log import log
from mlops_charts.serving import grpc_tensors
from mlops_charts.serving.app import Parts
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.batching import overloaded
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.desk import BODIES
from mlops_charts.serving.face_v2 import FaceV2
from mlops_charts.serving.grpc_messages import METHODS, SERVICE, messages
from mlops_charts.serving.versions import own_version

_CODES: Final = {
    400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 413: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


class GrpcServer:
    """Listens beside HTTP.

    Args:
        parts: What HTTP is made of.
        asked: Where to listen, and how long a request may take, so what was begun may at the end.
        failed: Is told if it cannot listen.
    """

    def __init__(self, parts: Parts, asked: Asked, failed: Callable[[], None]) -> None:
        self._parts, self._asked, self._failed = parts, asked, failed
        who = parts.identity
        self._face = FaceV2(parts.signature, parts.inputs, who.model, who.version)
        self._metadata = grpc_tensors.metadata(parts.signature, who.model, who.version)
        self._server: Any = None
        self._begun: asyncio.Task[None] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen as soon as the loop runs."""
        self._begun = loop.create_task(self._listening())

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let what was begun end."""
        if self._server is not None:
            loop.run_until_complete(self._server.stop(self._asked.timeout))

    async def _listening(self) -> None:
        try:
            await self._listen()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            log("gRPC failed", port=self._asked.grpc_port, error=str(error), traceback=format_exc())
            self._failed()

    async def _listen(self) -> None:
        import grpc  # noqa: PLC0415 - only who listens needs it

        most = self._parts.max_body_bytes
        options = (("grpc.so_reuseport", 1), ("grpc.max_receive_message_length", most))
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, self._handlers(grpc)),))
        host = f"[{self._asked.host}]" if ":" in self._asked.host else self._asked.host
        self._server.add_insecure_port(f"{host}:{self._asked.grpc_port}")
        await self._server.start()

    def _handlers(self, grpc: Any) -> Mapping[str, Any]:
        answers: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._about_server,
            "ModelMetadata": self._about_model,
            "ModelInfer": self._infer,
        }
        return {
            name: grpc.unary_unary_rpc_method_handler(
                _declining(grpc, answers[name]),
                request_deserializer=messages()[f"{name}Request"].FromString,
                response_serializer=messages()[f"{name}Response"].SerializeToString,
            )
            for name in METHODS
        }

    async def _live(self, _request: Any) -> Any:
        return messages()["ServerLiveResponse"](live=True)

    async def _ready(self, _request: Any) -> Any:
        return messages()["ServerReadyResponse"](ready=self._parts.ready())

    async def _model_ready(self, request: Any) -> Any:
        self._check(request.name, request.version)
        return messages()["ModelReadyResponse"](ready=self._parts.ready())

    async def _about_server(self, _request: Any) -> Any:
        return messages()["ServerMetadataResponse"](name="mlops-charts", version=own_version())

    async def _about_model(self, request: Any) -> Any:
        self._check(request.name, request.version)
        return self._metadata

    async def _infer(self, request: Any) -> Any:
        metrics, batching, status = self._parts.metrics, self._parts.batching, 500
        ask = Ask(asyncio.get_running_loop().create_future(), self._sent, _refused)
        ask.size = request.ByteSize()
        metrics.opened()
        batching.held += ask.size
        batching.requests += 1
        try:
            found = await self._predicted(request, ask)
            status = 200
        except Declined as declined:
            status = declined.status
            raise
        except asyncio.CancelledError:
            status = 0  # who asked has gone, which is no fault of anybody
            raise
        finally:
            ask.answered = True  # nobody waits for it any more
            batching.requests -= 1
            batching.held -= ask.size
            if status:
                metrics.ended(perf_counter() - ask.began, status)
            else:
                metrics.closed()
        return found

    async def _predicted(self, request: Any, ask: Ask) -> Any:
        parts, who = self._parts, self._parts.identity
        self._check(request.model_name, request.model_version)
        batching = parts.batching
        if batching.requests > batching.limits.requests or batching.held > parts.max_body_bytes * BODIES:
            raise overloaded()
        grpc_tensors.read(ask, request, self._face, parts.signature)
        batching.add(ask)
        # Not the batch is waited for but the own answer: who hangs up must not end it for the others.
        answers = await ask.channel
        return grpc_tensors.written(answers, request, parts.signature, who.model, who.version)

    def _sent(self, ask: Ask, together: Together, start: int, stop: int) -> None:
        if not ask.channel.done():
            ask.channel.set_result(together.part(start, stop))
            if self._parts.logger:
                self._parts.logger(ask, together, start, stop)

    def _check(self, model: str, version: str) -> None:
        who = self._parts.identity
        if model != who.model:
            raise Declined(404, f'no model "{model[:100]}" is served here; "{who.model}" is')
        if version not in ("", who.version):
            raise Declined(404, f'no version "{version[:100]}" of {model} is served here; "{who.version}" is')


def _refused(ask: Ask, declined: Declined) -> None:
    ask.answered = True
    if not ask.channel.done():
        ask.channel.set_exception(declined)


def _declining(grpc: Any, answer: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    """Return a method of gRPC that says no by a status and the sentence."""

    async def method(request: Any, context: Any) -> Any:
        try:
            return await answer(request)
        except Declined as declined:
            code = getattr(grpc.StatusCode, _CODES.get(declined.status, "INTERNAL"))
            await context.abort(code, declined.message)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and stands in the log
            log("server failed", error=type(error).__name__, traceback=format_exc())
            await context.abort(grpc.StatusCode.INTERNAL, "the server failed; its log says why")

    return method
