"""Asks a server that runs somewhere whether it is the model that was saved: its example gets the answers that it had.

It knows both protocols from the outside, as clients do, and works with servers of others that speak them. It needs
neither numpy nor the server's packages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import chain
from math import isclose, isnan
from time import perf_counter
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from mlops_charts.contract import READY_PATH
from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.saved_model.example import Example, ExampleAnswers

Protocol = Literal["v2", "seldon"]

_READY: Final[dict[Protocol, tuple[str, ...]]] = {
    "v2": (READY_PATH,),
    "seldon": ("/health/status", "/ready"),  # of the model's own server, and of Seldon's executor ahead of it
}
_TOLERANCE: Final = 1e-4  # of a value; what computes may differ a little from processor to processor
_OK, _NOT_FOUND, _FAULT = 200, 404, 500
_SHOWN: Final = 200  # characters of what a server said
_LARGEST: Final = 64 << 20  # bytes of an answer that is read
_MATRIX: Final = 2  # dimensions


class Differs(Mistake):
    """What is served is not the model that was saved."""


class NoAnswer(MlopsChartsError):  # noqa: N818 - it says what is so
    """The server cannot be reached, is not ready, or fails."""


@dataclass(frozen=True, slots=True)
class Smoke:
    """What was found out.

    Attributes:
        version: That the server names; empty if it names none.
        rows: How many rows got the answers that they had.
        seconds: From the example's request to its answer.
    """

    version: str
    rows: int
    seconds: float


def smoke(url: str, model: str, protocol: Protocol, example: Example, timeout: float) -> Smoke:
    """Ask a server for its health, its metadata and its example.

    Args:
        url: Scheme, host and port, and the path ahead of those of the protocol, if there is one.
        model: Its name, which stands in the paths of version 2.
        protocol: What to speak.
        example: What was saved with the model.
        timeout: Seconds that each answer may take.

    Raises:
        Differs: It answers something else than it did when it was saved, or serves another model.
        NoAnswer: It cannot be reached, is not ready, or fails.
    """
    server = _Server(url.rstrip("/"), timeout)
    _ready(server, protocol)
    version = _described(server, model, example) if protocol == "v2" else ""
    path = f"/v2/models/{quote(model)}/infer" if protocol == "v2" else "/api/v1.0/predictions"
    began = perf_counter()
    answer = server.said(path, example.v2 if protocol == "v2" else example.seldon)
    seconds = perf_counter() - began
    found = _read(answer, protocol, url)
    _compare(found, example.answers, url)
    return Smoke(version or str(answer.get("model_version") or ""), len(example.answers.labels), seconds)


@dataclass(frozen=True)
class _Server:
    url: str
    timeout: float

    def asked(self, path: str, body: Any = None) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        data = None if body is None else json.dumps(body).encode()
        try:
            connection = kind(parts.netloc, timeout=self.timeout)
            try:
                headers = {"content-type": "application/json"} if data else {}
                connection.request("GET" if data is None else "POST", parts.path + path, data, headers)
                answer = connection.getresponse()
                text = answer.read(_LARGEST + 1)
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NoAnswer(f"{self.url}{path} does not answer: {reason}") from None
        if len(text) > _LARGEST:
            raise Differs(f"{self.url}{path} answers more than {_LARGEST >> 20} MiB")
        return answer.status, text

    def said(self, path: str, body: Any = None) -> dict[str, Any]:
        status, text = self.asked(path, body)
        if status != _OK:
            kind = NoAnswer if status >= _FAULT else Differs
            raise kind(f"{self.url}{path} answers {status}: {_cut(text)}")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Differs(f"{self.url}{path} answers no object of JSON: {_cut(text)}")
        return found


def _ready(server: _Server, protocol: Protocol) -> None:
    for path in _READY[protocol]:
        status, text = server.asked(path)
        if status == _OK:
            return
        if status != _NOT_FOUND:
            raise NoAnswer(f"{server.url}{path} answers {status}, so the server is not ready: {_cut(text)}")
    raise NoAnswer(f"{server.url} has no {' nor '.join(_READY[protocol])}, so it does not speak {protocol}")


def _described(server: _Server, model: str, example: Example) -> str:
    """Return the version that a server says it has, if its columns are those of the example."""
    about = server.said(f"/v2/models/{quote(model)}")
    served = [one.get("name") for one in about.get("inputs") or () if isinstance(one, dict)]
    saved = [one["name"] for one in example.v2["inputs"]]
    if served and len(served) == len(saved) and served != saved:
        raise Differs(f"{server.url} serves a model of other columns: {served}, the example has {saved}")
    versions = about.get("versions")
    return str(versions[-1]) if isinstance(versions, list) and versions else ""


def _read(answer: Mapping[str, Any], protocol: Protocol, url: str) -> ExampleAnswers:
    try:
        return _read_v2(answer) if protocol == "v2" else _read_seldon(answer)
    except (AttributeError, IndexError, TypeError, ValueError):  # whatever a server of others says
        raise Differs(f"{url} answers its example in no form of {protocol}") from None


def _read_v2(answer: Mapping[str, Any]) -> ExampleAnswers:
    labels: list[Any] = []
    probabilities: list[list[float]] | None = None
    for output in answer.get("outputs") or ():
        shape, data = output.get("shape") or [], output.get("data") or []
        if len(shape) == _MATRIX and shape[1] > 1:
            flat = list(chain.from_iterable(data)) if data and isinstance(data[0], list) else data
            probabilities = [flat[place : place + shape[1]] for place in range(0, len(flat), shape[1])]
        elif not labels:
            labels = [one[0] if isinstance(one, list) else one for one in data]
    return ExampleAnswers(labels=labels, probabilities=probabilities)


def _read_seldon(answer: Mapping[str, Any]) -> ExampleAnswers:
    data = answer.get("data") or {}
    rows = data.get("ndarray")
    if rows is None:
        tensor = data.get("tensor") or {}
        width = (tensor.get("shape") or [0, 1])[-1] or 1
        values = tensor.get("values") or []
        rows = [values[place : place + width] for place in range(0, len(values), width)]
    if rows and isinstance(rows[0], list) and len(rows[0]) > 1:
        tags = (answer.get("meta") or {}).get("tags") or {}
        return ExampleAnswers(labels=tags.get("labels") or [], probabilities=rows)
    return ExampleAnswers(labels=[one[0] if isinstance(one, list) else one for one in rows])


def _compare(found: ExampleAnswers, saved: ExampleAnswers, url: str) -> None:
    """Hold what a server said against what was saved; one of labels and probabilities is enough."""
    probabilities = found.probabilities if saved.probabilities is not None else None
    if not found.labels and not probabilities:
        raise Differs(f"{url} answers its example with nothing that could be compared")
    if found.labels:
        _compare_rows(found.labels, saved.labels, url)
    if probabilities and saved.probabilities:
        _compare_rows(probabilities, saved.probabilities, url)


def _compare_rows(found: Sequence[Any], saved: Sequence[Any], url: str) -> None:
    if len(found) != len(saved):
        raise Differs(f"{url} answers {len(found)} rows to the {len(saved)} of its example")
    for row, (now, then) in enumerate(zip(found, saved, strict=True)):
        if not _same(now, then):
            raise Differs(
                f"{url} does not answer its example as it did: row {row}: {_brief(then)} when saved, {_brief(now)} now"
            )


def _same(now: Any, then: Any) -> bool:
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(_same, now, then))
    if isinstance(then, bool) or isinstance(now, str) or isinstance(then, str):
        return str(now) == str(then)
    if then is None or now is None:
        return all(one is None or (isinstance(one, float) and isnan(one)) for one in (now, then))
    try:
        return isclose(now, then, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    except (TypeError, OverflowError):  # no number, or none that a model answers
        return False


def _brief(found: Any) -> str:
    text = str(found)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _cut(text: bytes) -> str:
    """Return what a server said, without the braces around it."""
    try:
        found = json.loads(text)
        said = str(found.get("error") or found["status"]["info"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        said = text[: 2 * _SHOWN].decode(errors="replace")
    return " ".join(said.split())[:_SHOWN]
