"""Strings, numbers and keys as YAML text that YAML 1.1 readers and Go's reader understand alike.

Knows YAML alone: no Helm, no values. Everything here is a pure function of its argument, so results are cached.
"""

from __future__ import annotations

import functools
import math
import re

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.leaks import refuse_leak

# What a reader of either kind takes for something else than a string, in any case of its letters.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "infinity", "nan"})
_WORD = re.compile(
    r"(?:--?)?[A-Za-z_/](?:[A-Za-z0-9_./:@=+,;()<>*%&?!$^~|' -]*[A-Za-z0-9_./@=+,;()<>*%&?!$^~|'-])?", re.ASCII
)
_QUANTITY = re.compile(r"[1-9][0-9]*(?:\.[0-9]+)?(?:[A-DF-Zac-df-np-wyz][A-Za-z]*|E[A-Za-z]+)", re.ASCII)
# Outside of these a character is written as an escape: controls, joiners, marks of direction, line separators, the
# byte order mark, private use. The ranges are spelt out because str.isprintable() differs between Python versions.
ODD = re.compile(
    "[^\\x20-\\x7e\\xa1-\\xac\\xae-\\u061b\\u061d-\\u180d\\u180f-\\u1fff\\u2010-\\u2027\\u2030-\\u205e\\u2070-\\ud7ff"
    "\\uf900-\\ufdcf\\ufdf0-\\ufefe\\uff00-\\ufff8\\ufffc-\\ufffd\\U00010000-\\U000dffff]"
)
_ESCAPED = re.compile(f'["\\\\]|{ODD.pattern}')
_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_FORMS = (("x", 2), ("u", 4), ("U", 8))
_SURROGATES = range(0xD800, 0xE000)
_LONGEST_KEY = 800
_INT64 = range(-(2**63), 2**63)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if code in _SURROGATES:
        raise ChartError("a string holds half a surrogate pair, which no file can carry")
    if character in _NAMED:
        return _NAMED[character]
    digits = f"{code:x}"
    letter, width = next(form for form in _FORMS if len(digits) <= form[1])
    return f"\\{letter}{digits:0>{width}}"


def escaped(text: str) -> str:
    """A string as it stands between double quotes."""
    return _ESCAPED.sub(_escape, text)


def _is_plain_scalar(text: str) -> bool:
    if _WORD.fullmatch(text):
        return ": " not in text and text.lstrip("-").lower() not in _WORDS
    return _QUANTITY.fullmatch(text) is not None


def inline(text: str) -> str:
    """A string on one line: bare where every reader takes it for a string, else quoted."""
    refuse_leak(text)
    if _is_plain_scalar(text):
        return text
    if ('"' in text or "\\" in text) and not ODD.search(text):
        return "'" + text.replace("'", "''") + "'"
    return f'"{escaped(text)}"'


@functools.lru_cache(maxsize=1 << 16)
def key(text: str) -> str:
    """A key of a mapping, with its colon."""
    if not isinstance(text, str):
        raise ChartError(f"a key must be a string, not {type(text).__name__}")
    written = inline(str.__str__(text))
    if len(written) > _LONGEST_KEY:
        raise ChartError(f"a key of {len(text)} characters is longer than YAML readers accept")
    return f"{written}:"


def is_block(text: str) -> bool:
    """Whether a string of several lines survives as a literal block, also before a template action that trims.

    The first line must show the indentation, and the last may end in nothing that an action could trim away.
    """
    lines = text.split("\n")
    last = lines[-1] or (lines[-2] if len(lines) > 1 else "")
    whole = lines[0] != "" and lines[0][0] not in " \t" and last != "" and last[-1] not in " \t"
    return len(lines) > 1 and whole and not ODD.search(text.replace("\n", "").replace("\t", ""))


def block(text: str, indent: str) -> str:
    """A string of several lines as a literal block whose lines stand at `indent`; for what `is_block` accepts."""
    sign = "|" if text.endswith("\n") else "|-"
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([sign, *(f"{indent}{line}" if line else "" for line in lines)])


def number(value: float) -> str:
    """An integer or a float, so that it keeps its type: 1.0 stays 1.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value not in _INT64:
            raise ChartError("an integer must fit 64 bits")
        return str(int(value))
    if not math.isfinite(value):
        raise ChartError(f"{value} is no number that JSON knows")
    mantissa, e, exponent = repr(float(value)).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{exponent}"
