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


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A Go pattern as Python reads it, or None if Python cannot: a dollar is the end of the text there."""
    text = re.sub(r"(\\.)|(\$)", lambda found: _END.get(found[0], found[0]), pattern)
    try:
        return re.compile(_outside_classes(pattern) if "[" in pattern else text)
    except re.error:
        return None


_END: Final[Mapping[str, str]] = {"$": r"\Z", r"\z": r"\Z"}


def _outside_classes(pattern: str) -> str:
    """The pattern with its ends translated, but not the dollars inside of [...]."""
    parts = re.split(r"(\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])", pattern)
    return "".join(
        part if part.startswith("[") else re.sub(r"\\.|\$", lambda found: _END.get(found[0], found[0]), part)
        for part in parts
    )
