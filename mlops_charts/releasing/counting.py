"""From values of counters to what happened between them: restarts, late series, buckets, statuses.

A pod's counters fall together when it restarts, so that one which falls, or is gone while others are there, says that
all of them began at 0; a restart stays unseen only where each of them has passed its old value by the next look. It
must not know where the values come from.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mlops_charts import contract
from mlops_charts.judge.counts import Counts

Key = tuple[str, tuple[tuple[str, str], ...]]  # name of a metric and labels of what is counted
COUNTED_BY: Final = frozenset({"code", "le", "value", "service", "method"})
NOT_PREDICTIONS: Final = ("status", "metadata", "feedback")  # services of Seldon's executor that are judged by nobody
_SERVER_ERROR = 500
# Statuses of gRPC, as Seldon's executor names them, that HTTP would answer with 500 or more.
_GRPC_ERRORS: Final = frozenset({"Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss"})
_GRPC_OTHERS: Final = frozenset(
    {"OK", "Canceled", "InvalidArgument", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
     "FailedPrecondition", "Aborted", "OutOfRange", "Unauthenticated"}
)  # fmt: skip
_UNPREDICTED: Final = (
    f"has requests and no series {contract.PREDICTIONS};"
    " serve a version with a profile, or drop the check predictionDrift"
)
_EXECUTOR_ALONE: Final = "is measured by Seldon's executor, which counts no predictions; drop the check predictionDrift"
_ELSE: Final = "other"  # our server's name for statuses below 500 that it has no counter for


@dataclass(frozen=True)
class Names:
    """What a runtime calls its counters.

    Attributes:
        requests: Answers, by `code`.
        buckets: Answers by duration, cumulated, by `le`.
        predictions: Rows by `value`; empty where they are not counted.
        model: Label that names the model.
        slot: Label that names the slot.
        version: Label that names the version.
        bounds: Upper bounds of the buckets, in seconds.
    """

    requests: str
    buckets: str
    predictions: str
    model: str
    slot: str
    version: str
    bounds: tuple[float, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """The counters that there are."""
        return tuple(filter(None, (self.requests, self.buckets, self.predictions)))


SERVER: Final = Names(
    requests=contract.REQUESTS,
    buckets=f"{contract.REQUEST_DURATION}_bucket",
    predictions=contract.PREDICTIONS,
    model="model",
    slot="slot",
    version="version",
    bounds=contract.LATENCY_BUCKETS,
)
EXECUTOR: Final = Names(
    requests=f"{contract.EXECUTOR_DURATION}_count",
    buckets=f"{contract.EXECUTOR_DURATION}_bucket",
    predictions="",
    model="deployment_name",
    slot="predictor_name",
    version="predictor_version",
    bounds=contract.EXECUTOR_BUCKETS,
)


def names_of(*, executor: bool) -> Names:
    """Return what is counted, by whoever stands in front of the model."""
    return EXECUTOR if executor else SERVER


@dataclass(frozen=True)
class Counted:
    """What a slot did, and what is wrong with that.

    Attributes:
        counts: The counts, as far as they are known.
        flaws: Why they cannot be trusted, each a clause about the slot.
    """

    counts: Counts
    flaws: tuple[str, ...] = ()


def increase(last: Mapping[Key, float], now: Mapping[Key, float]) -> dict[Key, float]:
    """Return by how much the counters of one pod grew from one look to the next; all of it if it restarted.

    Args:
        last: What was known of its counters at the first look; empty if it was not there.
        now: Those at the second.
    """
    begun = {} if restarted(last, now) else last
    return {key: value - begun.get(key, 0.0) for key, value in now.items()}


def known(last: Mapping[Key, float], now: Mapping[Key, float]) -> dict[Key, float]:
    """Return what is known of the counters of one pod after a second look: of those that are not there, the last value.

    Args:
        last: What was known at the first.
        now: Those at the second.
    """
    return {**({} if restarted(last, now) else last), **now}


def restarted(last: Mapping[Key, float], now: Mapping[Key, float]) -> bool:
    """Return whether a pod began anew between two looks; a metric that is not there at all was dropped by somebody."""
    names = {name for name, _ in now}
    return any(now[key] < value if key in now else key[0] in names for key, value in last.items())


def growth(series: Mapping[Key, Mapping[int, float]], begin: int, end: int) -> dict[Key, float]:
    """Return by how much the counters of one pod grew over a stretch of looks; none of a metric that it has no more.

    Args:
        series: By counter, its value at the looks that have one.
        begin: The look that is counted from, or the last one before it that has values; what appears later began at 0.
        end: The last look.
    """
    found: dict[Key, float] = {}
    last: dict[Key, float] = {}
    names: set[str] = set()
    for look in range(end + 1):
        now = {key: values[look] for key, values in series.items() if look in values}
        if now:
            if look > begin:
                for key, more in increase(last, now).items():
                    found[key] = found.get(key, 0.0) + more
            last, names = known(last, now), {name for name, _ in now}
    return {key: more for key, more in found.items() if key[0] in names}


def counted(pods: Iterable[Mapping[Key, float]], names: Names, metrics: Collection[str]) -> Counted:
    """Return what the pods of a slot did.

    Args:
        pods: Of each pod, by how much its counters grew.
        names: What they are called.
        metrics: What is judged by; that nobody asks for may be missing.
    """
    ones = [_of_a_pod(pod, names, metrics) for pod in pods]
    flaws = dict.fromkeys(flaw for one in ones for flaw in one.flaws)
    return Counted(_sum([one.counts for one in ones]), tuple(flaws))


def _of_a_pod(grown: Mapping[Key, float], names: Names, metrics: Collection[str]) -> Counted:
    requests, errors, unknown = _answers(grown, names)
    flaws = [f"counts answers with the status {code}, which is none" for code in unknown]
    if grown and not any(name == names.requests for name, _ in grown):
        flaws.append(f"has a pod without {names.requests}; look whether Prometheus drops it")
    latency, flaw = _latency(grown, names)
    if flaw and requests and "latency" in metrics:
        flaws.append(flaw)
    predicted = {labels: more for (name, labels), more in grown.items() if name == names.predictions}
    if requests and not predicted and "predictionDrift" in metrics:
        flaws.append(_UNPREDICTED if names.predictions else _EXECUTOR_ALONE)
    rows = {dict(labels).get("value", ""): round(more) for labels, more in predicted.items()}
    return Counted(Counts(requests, errors, latency, rows), tuple(flaws))


def _answers(grown: Mapping[Key, float], names: Names) -> tuple[int, int, list[str]]:
    requests, errors, unknown = 0, 0, []
    for (name, labels), more in grown.items():
        if name == names.requests:
            code = dict(labels).get("code", "")
            failed = _failed(code)
            requests += round(more)
            errors += round(more) if failed else 0
            unknown += [repr(code)] if failed is None else []
    return requests, errors, unknown


def _failed(code: str) -> bool | None:
    """Return whether a status is the server's fault; None for what is no status."""
    if code.isascii() and code.isdigit():
        return int(code) >= _SERVER_ERROR
    if code in _GRPC_ERRORS:
        return True
    return False if code in _GRPC_OTHERS or code == _ELSE else None


def _latency(grown: Mapping[Key, float], names: Names) -> tuple[tuple[int, ...], str]:
    at_most: dict[float, float] = {}
    for (name, labels), more in grown.items():
        if name == names.buckets:
            bound = _number(dict(labels).get("le", ""))
            at_most[bound] = at_most.get(bound, 0.0) + more
    wanted = (*names.bounds, math.inf)
    if not at_most:
        return (), f"has requests and no series {names.buckets}; look whether Prometheus drops it"
    if set(at_most) != set(wanted):
        return (
            (),
            f"has other buckets {names.buckets} than this version of mlops-charts; judge with the one that serves",
        )
    cumulated = [round(at_most[bound]) for bound in wanted]
    buckets = tuple(more - less for less, more in zip((0, *cumulated), cumulated, strict=False))
    if min(buckets) < 0:
        return (), f"has buckets {names.buckets} that contradict each other; look who else exposes that name"
    return buckets, ""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _sum(ones: list[Counts]) -> Counts:
    rows: dict[str, int] = {}
    for one in ones:
        for value, more in one.predictions.items():
            rows[value] = rows.get(value, 0) + more
    buckets = [one.latency for one in ones if one.latency]
    return Counts(
        requests=sum(one.requests for one in ones),
        errors=sum(one.errors for one in ones),
        latency=tuple(map(sum, zip(*buckets, strict=True))),
        predictions=rows,
    )
