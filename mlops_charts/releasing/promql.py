"""Prometheus' HTTP API: questions in PromQL, and answers that are whole or none.

It must not know what is asked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.releasing.reading import Answer, Unread, read

_LIMIT: Final = 24 << 20  # bytes; Python takes ten times as many to read it, and the judge has 512 MiB
_SECONDS: Final = 20.0
_OK = 200
_SAID = 200  # letters of what it says that are repeated
_STRANGE: Final = "does not answer as Prometheus does"


@dataclass(frozen=True)
class Grid:
    """Moments at which something is looked at, in milliseconds since 1970.

    Attributes:
        start: The first.
        step: From one to the next.
        looks: How many there are.
        begin: Which of them, from 0, is the one that is counted from.
    """

    start: int
    step: int
    looks: int
    begin: int


def grid(begin: float, end: float, *, lead: float, looks: int) -> Grid:
    """Return moments of which one is the beginning and the last one the end, to the milliseconds.

    Args:
        begin: In seconds since 1970.
        end: The same, not before it.
        lead: At least so many seconds ahead of the beginning are looked at too.
        looks: The most moments between the two.
    """
    first, span = round(begin * 1000), round((end - begin) * 1000)
    parts = min(looks, span // 1000)
    step = -(-span // parts) if parts else 1000
    ahead = -(-round(lead * 1000) // step)
    return Grid(first - ahead * step, step, ahead + 1 + parts, ahead)


@dataclass(frozen=True)
class Found:
    """One series of an answer.

    Attributes:
        labels: Its labels.
        values: By look its value, where it has one; of an instant, look 0.
    """

    labels: Mapping[str, str]
    values: Mapping[int, float]


@dataclass(frozen=True)
class Api:
    """A server that speaks the API.

    Attributes:
        url: Its address, with any prefix.
    """

    url: str

    def clock(self) -> float:
        """Return what time it is there, in seconds since 1970; Unread if it does not say."""
        try:
            found = float(self._asked("query", {"query": "time()"}, "scalar")[1])
        except (TypeError, ValueError, OverflowError, IndexError, KeyError):
            found = math.nan
        if not math.isfinite(found):
            raise Unread(_STRANGE)
        return found

    def instant(self, query: str, at: float) -> list[Found]:
        """Return the series of a query at a moment; Unread if it cannot be had whole."""
        found = self._asked("query", {"query": query, "time": f"{at:.3f}"}, "vector")
        return _parsed(found, lambda one: {0: float(one["value"][1])})

    def ranged(self, query: str, over: Grid) -> list[Found]:
        """Return the series of a query over many moments; Unread if it cannot be had whole."""
        end = over.start + over.step * (over.looks - 1)
        form = {"start": _seconds(over.start), "end": _seconds(end), "step": _seconds(over.step)}
        found = self._asked("query_range", {"query": query, **form}, "matrix")
        return _parsed(found, lambda one: {_look(at, over): float(value) for at, value in one["values"]})

    def _asked(self, path: str, form: Mapping[str, str], kind: str) -> Any:
        timeout = {"timeout": f"{_SECONDS - 5:g}s"}  # so that it says so itself
        answer = read(f"{self.url.rstrip('/')}/api/v1/{path}", {**form, **timeout}, limit=_LIMIT, seconds=_SECONDS)
        said = _json(answer)
        if said.get("status") != "success":
            raise Unread(f"refuses: {_text(said.get('error'))}"[:_SAID].replace("\n", " "))
        warnings = said.get("warnings") or []
        if not isinstance(warnings, list):
            raise Unread(_STRANGE)
        partial = [_text(one) for one in warnings if not str(one).startswith("PromQL info")]
        if partial:
            raise Unread(f"has only a part: {partial[0]}"[:_SAID].replace("\n", " "))
        data = said.get("data")
        if not isinstance(data, dict) or data.get("resultType") != kind or not isinstance(data.get("result"), list):
            raise Unread(_STRANGE)
        return data["result"]


def _json(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict) and (answer.status == _OK or "error" in said):
        return said
    raise Unread(_STRANGE if answer.status == _OK else f"answers with HTTP status {answer.status}")


def _parsed(found: Sequence[Any], values: Any) -> list[Found]:
    try:
        return [Found({_text(k): _text(v) for k, v in one["metric"].items()}, values(one)) for one in found]
    except (TypeError, ValueError, OverflowError, KeyError, IndexError, AttributeError):
        raise Unread(_STRANGE) from None


def _text(found: object) -> str:
    """Return text that UTF-8 can hold; halves of characters, which JSON can name, stand there by their number."""
    return str(found).encode(errors="backslashreplace").decode()


def _look(at: float, over: Grid) -> int:
    return round((at * 1000 - over.start) / over.step)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}"


def quoted(text: str) -> str:
    """Return a string literal of PromQL, whose escapes are those of JSON here."""
    return json.dumps(text, ensure_ascii=False)
