"""Figures in words: as many digits as tell them apart, and units as people read them."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = 3
_MOST_DIGITS: Final = 17
_LARGE, _SMALL = 1000, 0.001


def number(value: float, digits: int = _DIGITS) -> str:
    """Return a number with a few decimals, and none that say nothing: 0.873, 0.9, 12,346, 2.3e-05."""
    if abs(value) >= _LARGE and digits == _DIGITS:
        return f"{value:,.0f}"
    if value and abs(value) < _SMALL:
        return f"{value:.{digits - 1}g}"
    text = f"{value:,.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def apart(value: float, limit: float) -> tuple[str, str, str]:
    """Return a value, a limit and their distance, with so many digits that the first two do not read alike."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        if number(value, digits) != number(limit, digits):
            return number(value, digits), number(limit, digits), number(abs(value - limit), digits)
    return repr(value), repr(limit), repr(abs(value - limit))


def percent(share: float) -> str:
    """Return a share in percent: 95 %, 97.5 %."""
    return f"{100 * share:.4g} %"


def count(rows: int, what: str = "row") -> str:
    """Return how many there are of something: 1 row, 1,200 rows."""
    return f"{rows:,} {what}" + ("" if rows == 1 else "s")
