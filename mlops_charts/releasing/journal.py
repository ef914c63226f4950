"""What was scraped, from look to look: a folder with one small file a look, each whole by itself.

A file is written beside and moved to its place, so that a killed look leaves all of it or none; one that cannot be read
counts as not there. Old looks are thinned out, so that the folder stays small. It must not know who is scraped, or why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_charts.releasing.counting import Key

_ENDING: Final = ".json"
_UNFINISHED: Final = ".part"
# Looks that are older than the first number are kept once in so many seconds as the second says; the last end there.
_THINNED: Final = ((60.0, 15.0), (7200.0, 600.0), (8 * 86400.0, 0.0))


@dataclass(frozen=True)
class Pod:
    """One server as it was at a look.

    Attributes:
        address: Where it was scraped.
        slot: The slot that it says it is of.
        version: What it says that it is.
        raw: Its counters.
        total: By how much they have grown since it was first seen, restarts included.
        at: When it was scraped, in seconds since 1970.
    """

    address: str
    slot: str
    version: str
    raw: Mapping[Key, float]
    total: Mapping[Key, float]
    at: float

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it the same server at two looks."""
        return self.address, self.slot, self.version


@dataclass(frozen=True)
class Look:
    """All servers at one time.

    Attributes:
        at: When, in seconds since 1970, to the millisecond.
        pods: The servers, those that are gone included for a while.
    """

    at: float
    pods: tuple[Pod, ...]

    def pod(self, identity: tuple[str, str, str]) -> Pod | None:
        """Return a server; None if it was not there."""
        return next((pod for pod in self.pods if pod.identity == identity), None)


@dataclass(frozen=True)
class Journal:
    """A folder with looks; OSError wherever it cannot be read or written.

    Attributes:
        folder: The folder, made when something is written.
    """

    folder: Path

    def times(self) -> list[float]:
        """Return when there were looks, in seconds since 1970, from the oldest."""
        names = [path.name for path in self.folder.glob(f"*{_ENDING}")] if self.folder.is_dir() else []
        stems = (name.removesuffix(_ENDING) for name in names)
        return sorted(int(stem) / 1000 for stem in stems if stem.isascii() and stem.isdigit())

    def last(self, times: Iterable[float]) -> Look | None:
        """Return the newest look of some times that can be read; None if there is none."""
        return next((look for look in map(self._look, sorted(times, reverse=True)) if look), None)

    def first(self, times: Iterable[float]) -> Look | None:
        """Return the oldest look of some times that can be read; None if there is none."""
        return next((look for look in map(self._look, sorted(times)) if look), None)

    def write(self, look: Look) -> None:
        """Keep a look."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self._path(look.at)
        part = place.with_name(f"{place.name}.{os.getpid()}{_UNFINISHED}")
        part.write_text(json.dumps({"pods": [_written(pod) for pod in look.pods]}, separators=(",", ":")))
        part.replace(place)

    def remove(self, times: Iterable[float]) -> None:
        """Forget looks."""
        for at in times:
            self._path(at).unlink(missing_ok=True)

    def thin(self, now: float, keep: Collection[float]) -> None:
        """Forget what is too old, most of what is old, and what was never finished.

        Args:
            now: Seconds since 1970.
            keep: Looks that stay.
        """
        times = self.times()
        self.remove(set(times) - set(keep) - set(thinned(times, now)))
        for part in self.folder.glob(f"*{_UNFINISHED}"):
            stem = part.name.partition(".")[0]
            if stem.isdigit() and int(stem) / 1000 < now - _THINNED[0][0]:
                part.unlink(missing_ok=True)

    def _look(self, at: float) -> Look | None:
        try:
            found = json.loads(self._path(at).read_bytes())
            return Look(at, tuple(_read(pod) for pod in found["pods"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _path(self, at: float) -> Path:
        return self.folder / f"{round(at * 1000):015}{_ENDING}"


def thinned(times: Iterable[float], now: float) -> list[float]:
    """Return which looks are kept: all new ones, of older ones the first in each span, and none that is too old.

    Spans lie fast on the clock, so that a look which is kept now is kept until it is too old for its span.

    Args:
        times: Of the looks, in seconds since 1970.
        now: The same.
    """
    kept: dict[tuple[float, float], float] = {}
    for at in sorted(times):
        span = next((span for age, span in reversed(_THINNED) if now - at > age), None)
        if span != 0:
            kept.setdefault((0.0, at) if span is None else (span, at // span), at)
    return list(kept.values())


def _written(pod: Pod) -> dict[str, Any]:
    counters = {name: [[*key, value] for key, value in getattr(pod, name).items()] for name in ("raw", "total")}
    return {"address": pod.address, "slot": pod.slot, "version": pod.version, "at": pod.at, **counters}


def _read(found: Mapping[str, Any]) -> Pod:
    raw, total = (
        {(str(name), tuple((str(k), str(v)) for k, v in labels)): float(value) for name, labels, value in found[part]}
        for part in ("raw", "total")
    )
    return Pod(str(found["address"]), str(found["slot"]), str(found["version"]), raw, total, float(found["at"]))
