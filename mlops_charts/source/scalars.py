"""What an unquoted scalar means: the core schema of YAML 1.2, narrowed to decimal numbers.

yes, no, on, off, dates, 1:30, 0755, 0x1F and 1_000 stay strings: other parsers read surprising values into them.
"""

import math
import re
from typing import Final

Scalar = str | int | float | bool | None

_WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMERIC_START = frozenset("+-.0123456789")
_DIGITS_OF_64_BITS = 20
_LIMIT = 2**63


class NotFiniteError(ValueError):
    """The scalar is infinite or not a number."""


class TooLargeError(ValueError):
    """The scalar is a whole number that 64 bits cannot hold."""


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar; raises NotFiniteError or TooLargeError for numbers that nothing can hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _SPECIAL.fullmatch(text):
        raise NotFiniteError(text)
    if _FLOAT.fullmatch(text) and not _LEADING_ZERO.fullmatch(text):
        return _float(text)
    return text


def _integer(text: str) -> int:
    number = int(text) if len(text) <= _DIGITS_OF_64_BITS else _LIMIT
    if not -_LIMIT <= number < _LIMIT:
        raise TooLargeError(text)
    return number


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotFiniteError(text)
    return number
