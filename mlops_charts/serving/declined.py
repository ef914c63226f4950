"""How a request is turned down: a status and a sentence, which each protocol puts into its own form."""

from __future__ import annotations

from typing import Any

from mlops_charts.errors import MlopsChartsError

_SHOWN = 40


class Declined(MlopsChartsError):  # noqa: N818 - it is an answer, not an error of ours
    """A request gets no prediction.

    Attributes:
        status: Of HTTP.
        message: What was wrong with it, and what was expected.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


def bad(message: str) -> Declined:
    """Return that a request is not what it should be."""
    return Declined(400, message)


def described(found: Any) -> str:
    """Return in a few words what was found in JSON."""
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found]
    if isinstance(found, str):
        return f'the text "{_cut(found)}"'
    if isinstance(found, int | float):
        return _cut(str(found)) if abs(found) < 1e300 else "a number that is too large"  # noqa: PLR2004 - printing
    return "a list" if isinstance(found, list) else "an object" if isinstance(found, dict) else "something else"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
