"""Requests to an application of RSGI without a server between, so that many can be asked in a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_charts.saved_model import read_signature
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.metrics import Metrics
from mlops_charts.serving.truth import Truth
from mlops_charts.serving.worker import application


def app_of(asked: Asked) -> Any:
    """Return the application of one process."""
    signature = read_signature(asked.folder)
    truth = Truth(asked, signature, None, 1)
    return application(asked, Metrics(asked.identity, signature, None, truth.sections, 1), truth, 1)


@dataclass(frozen=True)
class Scope:
    """What the server tells of a request."""

    method: str
    path: str
    headers: Mapping[str, str]
    proto: str = "http"
    query_string: str = ""


@dataclass
class Call:
    """A request's body, and its answer once there is one."""

    body: bytes
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes = b""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> bytes:
        """Return the body."""
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        for start in range(0, len(self.body), 4096):
            yield self.body[start : start + 4096]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Take the answer."""
        assert not self.status, "answered twice"
        self.status, self.headers, self.answer = status, headers, body
        self.done.set()


async def ask(app: Any, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Call:
    """Return a call that was answered."""
    call = Call(body)
    sent = {"content-length": str(len(body)), "content-type": "application/json", **(headers or {})}
    await app.__rsgi__(Scope(method, path, sent), call)
    await asyncio.wait_for(call.done.wait(), 60)
    return call
