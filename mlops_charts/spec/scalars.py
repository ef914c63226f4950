"""The scalars of a specification: quantities, durations, cron lines, names, images, moments.

Each is a plain string after parsing; the functions here read them. Nothing here knows Kubernetes objects.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from mlops_charts.spec.words import Written, describe, refuse

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_DNS = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = _DNS.replace("a-z", "A-Za-z")
_PORT = "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_LABEL = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[0-9]+(?=/))?(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_SCALE = (
    {"": Decimal(1), "m": Decimal("0.001")}
    | {unit: Decimal(1000**power) for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)}
    | {unit: Decimal(1024**power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))  # Argo refuses 7 as Sunday
_CRON_NUMBER = re.compile("[0-9]{1,2}")
_CRON_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: n for n, name in enumerate(_MONTHS, 1)},
    {name: n for n, name in enumerate(_DAYS)},
)
_QUANTITIES = "a number with a unit of Kubernetes: 500m, 2, 512Mi, 1.5Gi"
_DURATIONS = "numbers with the units ms, s, m or h: 2ms, 90s, 5m, 1h30m, 720h"
_LONGEST = 10 * 365 * 24 * 3600.0  # seconds: far above any use, and within every API's own limit
_LEAST_CORES, _MOST_CORES = Decimal("0.001"), Decimal(10_000)
_LEAST_BYTES, _MOST_BYTES = Decimal(8 * 1024**2), Decimal(1024**5)  # no runtime starts a container in less
_IMAGE_NAME_LENGTH = 255  # of the registries' own grammar
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})  # files beside the zones, other on every machine
_CRON_FIELDS = ("minute", "hour", "day of month", "month", "day of week")


def quantity(text: str) -> Decimal:
    """Return a Kubernetes quantity in its base unit (cores, bytes, pieces)."""
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise ValueError(text)
    number, unit = match[1], match[2] or ""
    return (
        Decimal(number + unit)
        if unit[:1] in {"e", "E"} and len(unit) > 1 and unit[1].isdigit()
        else Decimal(number) * _SCALE[unit]
    )


def seconds(text: str) -> float:
    """Return a duration such as `1h30m` in seconds."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def image_parts(text: str) -> tuple[str, str, str]:
    """Return name, tag and digest of an image reference; the last two may be empty."""
    match = _IMAGE.fullmatch(text)
    if not match:
        raise ValueError(text)
    return match["name"], match["tag"] or "", match["digest"] or ""


def _number_as_text(found: Any) -> Any:
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str):
        raise refuse("wrong-type", f"found {describe(found)}, expected a quantity", _QUANTITIES)
    return found


def _duration_text(found: Any) -> Any:
    if isinstance(found, int | float) and not isinstance(found, bool):
        raise refuse("bad-duration", f"{found} has no unit", _DURATIONS)
    if not isinstance(found, str):
        raise refuse("wrong-type", f"found {describe(found)}, expected a duration", _DURATIONS)
    return found


def _check_quantity(found: str) -> str:
    if not _QUANTITY.fullmatch(found):
        raise refuse(
            "bad-quantity", f'"{found}" is no quantity', "a number with a unit of Kubernetes: 500m, 2, 512Mi, 1.5Gi"
        )
    return found


def _check_duration(found: str) -> str:
    if not _DURATION.fullmatch(found):
        raise refuse(
            "bad-duration",
            f'"{found}" is no duration',
            "numbers with the units ms, s, m or h: 2ms, 90s, 5m, 1h30m, 720h",
        )
    if seconds(found) <= 0:
        raise refuse("bad-duration", f'"{found}" is no time at all', "a duration above zero, such as 5m")
    if seconds(found) > _LONGEST:
        raise refuse("bad-duration", f'"{found}" is more than ten years', "at most 87600h")
    return found


def _check_cores(found: str) -> str:
    number = quantity(found)
    if not _LEAST_CORES <= number <= _MOST_CORES or number % _LEAST_CORES:
        raise refuse("bad-quantity", f'"{found}" is no amount of processor', "1m to 10000 cores, in whole thousandths")
    return found


def _check_bytes(found: str) -> str:
    number = quantity(found)
    if not _LEAST_BYTES <= number <= _MOST_BYTES or number % 1:
        raise refuse("bad-quantity", f'"{found}" is no amount of memory or disk', "8Mi to 1Pi, in whole bytes: 512Mi")
    return found


def _cron_number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not _CRON_NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _cron_part(part: str, low: int, high: int, names: dict[str, int]) -> None:
    span, slash, step = part.partition("/")
    if slash and not 1 <= _cron_number(step, {}) <= high:
        raise ValueError(step)
    if span == "*":
        return
    ends = [_cron_number(end, names) for end in span.split("-")]
    if len(ends) > 2 or not all(low <= end <= high for end in ends) or ends != sorted(ends):  # noqa: PLR2004
        raise ValueError(span)


def _check_cron(found: str) -> str:
    fields = found.split()
    if len(fields) != len(_CRON_FIELDS):
        raise refuse(
            "bad-cron",
            f'"{found}" has {len(fields)} fields',
            'five: minute, hour, day, month, weekday, as in "0 3 * * 1"',
        )
    for field, name, (low, high), names in zip(fields, _CRON_FIELDS, _CRON_RANGES, _CRON_NAMES, strict=True):
        try:
            for part in field.split(","):
                _cron_part(part, low, high, names)
        except ValueError:
            raise refuse(
                "bad-cron", f'"{field}" is no {name}', f"{low} to {high}, *, a range, a list or a step, as in */15"
            ) from None
    return " ".join(fields)


def _label(longest: int) -> Callable[[str], str]:
    def check(found: str) -> str:
        if not _LABEL.fullmatch(found):
            raise refuse(
                "bad-name",
                f'"{found}" is no DNS label',
                "lower-case letters, digits and hyphens; a letter first, no hyphen last",
            )
        if len(found) > longest:
            raise refuse(
                "bad-name",
                f"{len(found)} characters are too many",
                f"at most {longest}, so that every name made from it fits",
            )
        return found

    return check


def _check_image(found: str) -> str:
    match = _IMAGE.fullmatch(found)
    if not match or len(match["name"]) > _IMAGE_NAME_LENGTH:
        raise refuse(
            "bad-image",
            f'"{found}" is no image reference',
            "registry/name:tag, with @sha256:... where the digest is known",
        )
    if match["tag"] == "latest" or not (match["tag"] or match["digest"]):
        raise refuse("image-not-pinned", f'"{found}" has no exact tag', "an exact tag such as ghcr.io/acme/iris:1.4.2")
    return found


def _check_image_name(found: str) -> str:
    match = _IMAGE.fullmatch(found)
    if not match or match["tag"] or match["digest"] or len(found) > _IMAGE_NAME_LENGTH:
        raise refuse(
            "bad-image", f'"{found}" is no name of an image', "registry/name without a tag: the version becomes the tag"
        )
    return found


def _check_moment(found: str) -> str:
    try:
        aware = datetime.fromisoformat(found).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise refuse("bad-timestamp", f'"{found}" is no moment', 'ISO 8601 with a time zone: "2026-12-20T00:00:00Z"')
    return found


@cache
def zones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads a folder of the machine, for platforms alone

    return frozenset(
        zone for zone in available_timezones() if zone not in _NO_ZONES and not zone.startswith(("posix/", "right/"))
    )


def _check_zone(found: str) -> str:
    if found != "UTC" and zones() and found not in zones():
        raise refuse(
            "bad-time-zone", f'"{found}" is no time zone', "a name of the IANA data base, such as Europe/Berlin or UTC"
        )
    return found


def _text(kind: str, pattern: re.Pattern[str], longest: int = 0) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "x-kind": kind, "pattern": f"^(?:{pattern.pattern})$"}
    return {**schema, "maxLength": longest} if longest else schema


def _kind(kind: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "x-kind": kind})


Quantity = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_check_quantity),
    WithJsonSchema({"anyOf": [_text("quantity", _QUANTITY), {"type": "number", "minimum": 0}], "x-kind": "quantity"}),
]
Cores = Annotated[Quantity, AfterValidator(_check_cores)]
Bytes = Annotated[Quantity, AfterValidator(_check_bytes)]
Duration = Annotated[
    str, BeforeValidator(_duration_text), AfterValidator(_check_duration), WithJsonSchema(_text("duration", _DURATION))
]
Cron = Annotated[str, AfterValidator(_check_cron), _kind("cron line")]
ModelName = Annotated[str, AfterValidator(_label(30)), WithJsonSchema(_text("DNS label", _LABEL, 30))]
Label = Annotated[str, AfterValidator(_label(63)), WithJsonSchema(_text("DNS label", _LABEL, 63))]
ShortLabel = Annotated[str, AfterValidator(_label(20)), WithJsonSchema(_text("DNS label", _LABEL, 20))]
Image = Annotated[str, AfterValidator(_check_image), _kind("image")]
ImageName = Annotated[str, AfterValidator(_check_image_name), _kind("image without tag")]
Moment = Annotated[str, AfterValidator(_check_moment), _kind("moment")]
TimeZone = Annotated[str, AfterValidator(_check_zone), _kind("time zone")]
EnvironmentVariable = Annotated[
    str,
    Written(
        "[A-Za-z_][A-Za-z0-9_]*",
        "name of an environment variable",
        "letters, digits and underscores; no digit first",
        "bad-name",
    ),
]
Entrypoint = Annotated[
    str,
    Written(
        r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.py:[A-Za-z_][A-Za-z0-9_]*",
        "entrypoint",
        "a file of the model's folder and a name in it: train.py:train",
        "bad-entrypoint",
    ),
]
SecretName = Annotated[
    str,
    Written(
        r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*",
        "name of a Secret",
        "lower-case letters, digits, hyphens and dots, as Kubernetes wants it",
        "bad-name",
    ),
]
GitUrl = Annotated[
    str,
    Written(
        r"(?:https?|ssh|git|file)://[^\s{}]+|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s{}]+",
        "address of a git repository",
        "https://git.example.com/ml/models.git or git@git.example.com:ml/models.git",
        "bad-git-url",
    ),
]
GitBranch = Annotated[
    str,
    Written(
        r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|[./]$))[A-Za-z0-9_][A-Za-z0-9._/-]*",
        "name of a branch",
        "letters, digits, -, _, . and /, no hyphen first, as git wants it: main",
    ),
]
HttpUrl = Annotated[
    str,
    Written(
        rf"https?://(?:[^\s/@{{}}]+@)?{_HOST}(?:\.{_HOST})*\.?(?::{_PORT})?(?:/[^\s{{}}]*)?",
        "URL",
        "http:// or https:// with a host: http://mlflow.mlflow:5000",
        "bad-url",
    ),
]
