"""The formats that an API server checks in custom resources; unknown formats are ignored, as there."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DURATION: Final = re.compile(r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)")
_DNS: Final = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*"
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    return _parses(datetime.fromisoformat)(text.upper().replace("Z", "+00:00"))


def _base64(text: str) -> object:
    return base64.b64decode(text.replace("\n", ""), validate=True)


_STRINGS: Final[Mapping[str, Callable[[str], bool]]] = {
    "byte": _parses(_base64),
    "date": _parses(date.fromisoformat),
    "date-time": _date_time,
    "datetime": _date_time,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": _parses(lambda text: ipaddress.ip_network(text, strict=False)),
    "uuid": _matches(_UUID),
    "duration": _matches(_DURATION),
    "hostname": _matches(_DNS),
    "email": _matches(_EMAIL),
    "uri": lambda text: bool(urlsplit(text).scheme) or text.startswith("/"),
}
_BITS: Final[Mapping[str, int]] = {"int32": 31, "int64": 63}


def format_accepts(name: str, value: Any) -> bool:
    """Whether a value has the format ``name``; true for formats that are not known and values they do not speak of."""
    if isinstance(value, str):
        check = _STRINGS.get(name)
        return check is None or check(value)
    if name in _BITS and isinstance(value, int | float):
        bound = 1 << _BITS[name]
        return -bound <= value < bound
    return True


_END: Final[Mapping[str, str]] = {"$": r"\Z", r"\z": r"\Z"}
_CLASS: Final = re.compile(r"(\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])")
_LATE_FLAGS: Final = re.compile(r"(\^+)(\(\?[ims]+\))")


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A Go pattern as Python reads it, or None if Python cannot.

    In Go a dollar is the end of the text (in Python also the place before a last newline), and flags may follow ``^``.
    """
    flags_first = _LATE_FLAGS.sub(r"\2\1", pattern, count=1) if _LATE_FLAGS.match(pattern) else pattern
    parts = _CLASS.split(flags_first)
    try:
        return re.compile("".join(part if part.startswith("[") else _ends(part) for part in parts))
    except re.error:
        return None


def _ends(part: str) -> str:
    return re.sub(r"\\.|\$", lambda found: _END.get(found[0], found[0]), part)
