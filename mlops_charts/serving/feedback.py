"""Feedback of Seldon's first protocol: a reward, and what was true. Version 2 of the protocol has none.

What was true is nobody's metric, since the request may be long gone; it goes to the request log, with the id that the
request had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.serving.declined import bad, described

LARGEST_REWARD: Final = 1e6  # one request must not make a sum meaningless
_LONGEST_TRUTH: Final = 10_000  # values
ANSWER: Final = b'{"data":{"names":[],"ndarray":[]},"meta":{}}'


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a client says of an answer.

    Attributes:
        reward: From 0 to LARGEST_REWARD, because rewards are added up and a sum of a counter never falls.
        puid: What names the request; empty if nobody said.
        truth: What was true, a value for each row or a list of them; None if nobody said.
    """

    reward: float = 0.0
    puid: str = ""
    truth: list[Any] | None = None


def read(request: Any) -> Feedback:
    """Return what feedback says.

    Raises:
        Declined: It is none of this protocol.
    """
    if not isinstance(request, dict) or not request.keys() & {"reward", "truth"}:
        raise bad("feedback: an object with reward or truth was expected")
    messages = [_message(request, name) for name in ("response", "request")]
    puids = [_puid(message) for message in messages]
    return Feedback(_reward(request.get("reward", 0.0)), next(filter(None, puids), ""), _truth(request))


def _reward(found: Any) -> float:
    if type(found) not in {int, float} or not 0 <= found <= LARGEST_REWARD:
        raise bad(f"reward: a number from 0 to {LARGEST_REWARD:.0f} was expected, found {described(found)}")
    return float(found)


def _message(request: dict[str, Any], name: str) -> dict[str, Any]:
    found = request.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise bad(f"{name}: an object was expected, found {described(found)}")
    return found


def _puid(message: dict[str, Any]) -> str:
    meta = message.get("meta")
    puid = meta.get("puid") if isinstance(meta, dict) else None
    return puid if isinstance(puid, str) else ""


def _truth(request: dict[str, Any]) -> list[Any] | None:
    message = _message(request, "truth")
    if not message:
        return None
    data = message.get("data")
    tensor = data.get("tensor") if isinstance(data, dict) else None
    found = data.get("ndarray") if isinstance(data, dict) else None
    if isinstance(tensor, dict):
        found = tensor.get("values")
    if not isinstance(found, list):
        raise bad("truth.data: an object with ndarray or tensor was expected")
    values = [one for row in found for one in (row if isinstance(row, list) else [row])]
    if len(values) > _LONGEST_TRUTH:
        raise bad(f"truth.data: at most {_LONGEST_TRUTH} values were expected, found {len(values)}")
    for one in values:
        if isinstance(one, list | dict):
            raise bad(f"truth.data: a value, or a list of values, for each row was expected, found {described(one)}")
    return found
