"""Figures of a run to a Pushgateway, so that Prometheus sees what no pod is there for any more.

A Pushgateway that cannot be reached is worth a warning and never a failed run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from mlops_charts.errors import MlopsChartsError

JOB: Final = "mlops_pipeline"
_SECONDS: Final = 5
_FORM: Final = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, str, Mapping[str, str], float]
"""A metric's name, what it means, its labels, and its value."""


class NotPushedError(MlopsChartsError):
    """The Pushgateway did not take the figures."""


def push(url: str, model: str, samples: Iterable[Sample]) -> None:
    """Replace what the Pushgateway has of a model.

    Args:
        url: Where it is, http or https.
        model: The model; what is pushed stands in the group of it.
        samples: The figures.

    Raises:
        NotPushedError: It cannot be reached, or refused them; in one line.
    """
    if not _is_address(url):
        raise NotPushedError(f'"{url}" is no address of a Pushgateway; http://pushgateway.monitoring:9091 is one')
    address = f"{url.rstrip('/')}/metrics/job/{JOB}/model/{quote(model, safe='')}"
    body = exposition(samples).encode()
    try:
        request = Request(address, body, {"Content-Type": _FORM}, method="PUT")  # noqa: S310 - checked above
        with _opener().open(request, timeout=_SECONDS) as answer:
            answer.read(1)
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if type(error) is URLError else error  # an HTTPError says more by itself
        raise NotPushedError(f"{address}: {' '.join(str(reason).split()) or type(error).__name__}") from None


def exposition(samples: Iterable[Sample]) -> str:
    """Return samples in the text form of Prometheus; those of one metric must follow each other."""
    return "".join(f"{line}\n" for line in _lines(samples))


def _is_address(url: str) -> bool:
    try:
        found = urlsplit(url)
        return found.scheme in {"http", "https"} and bool(found.hostname) and found.port != 0
    except ValueError:  # brackets of no address, a port that is no number
        return False


def _lines(samples: Iterable[Sample]) -> Iterator[str]:
    last = ""
    for name, meaning, labels, number in samples:
        if name != last:
            yield f"# HELP {name} {_escaped(meaning)}"
            yield f"# TYPE {name} gauge"
        last = name
        inside = ",".join(f'{key}="{_quoted(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {_number(number)}" if inside else f"{name} {_number(number)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _number(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(number) or repr(float(number))


def _opener() -> OpenerDirector:
    """Return what asks without a proxy: the Pushgateway is a neighbour in the cluster."""
    return build_opener(ProxyHandler({}))
