"""What is counted of predictions, in Prometheus' text form. Health and metadata are not counted.

A process counts in its row of `Counters`, by plain increments; whoever is asked adds the rows up and writes the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final, Protocol

from mlops_charts import contract
from mlops_charts.saved_model import Answers, Signature
from mlops_charts.saved_model.profile import NumberBins, Profile
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.asks import Together
from mlops_charts.serving.counters import Counters

_CODES: Final = (200, 400, 413, 500, 503, 504)  # from the start there, so that a rate sees the first of each
_OTHER: Final = 599  # a status of nobody
_DURATION: Final = contract.LATENCY_BUCKETS
_ROWS: Final = contract.BATCH_BUCKETS


_CLASSES: Final = 200  # that predictions are counted by
_REST: Final = "(others)"


class Section(Protocol):
    """More that is counted, by others."""

    @property
    def size(self) -> int:
        """How many numbers it takes of a row."""

    def text(self, sums: list[float]) -> str:
        """Return its series as Prometheus reads them.

        Args:
            sums: Of its numbers, over all processes.
        """


class Metrics:
    """Counters of one server.

    Args:
        identity: Labels of every series.
        signature: Whose classes predictions are counted by.
        profile: Whose buckets they are counted by where they are numbers; without it such are not counted.
        sections: More that is counted.
        slots: How many processes count at one time.
    """

    def __init__(
        self,
        identity: Identity,
        signature: Signature,
        profile: Profile | None = None,
        sections: Sequence[Section] = (),
        slots: int = 1,
    ) -> None:
        self._identity, self._sections = identity, tuple(sections)
        self._bins = profile.predictions if profile and isinstance(profile.predictions, NumberBins) else None
        self._values = _few(signature.classes) or (_bounds(self._bins) if self._bins else ())
        self._seconds_at = len(_CODES) + 2
        self._rows_at = self._seconds_at + len(_DURATION) + 2
        self._predicted_at = self._rows_at + len(_ROWS) + 2
        self._size = self._predicted_at + len(self._values)
        self.counters = Counters(self._size + sum(one.size for one in sections), slots)
        self._places = {value: self._predicted_at + place for place, value in enumerate(self._values)}
        self._rest = self._places.get(_REST) if len(signature.classes) > _CLASSES else None
        self._codes: Mapping[int, int] = {code: place for place, code in enumerate((*_CODES, _OTHER))}
        self._row = self.counters.row(0)

    def begin(self) -> int:
        """Count in a slot of this process's own from now on, and return it."""
        slot = self.counters.take()
        self._row = self.counters.row(slot)
        self._row[len(_CODES) + 1] = 0.0  # what was in flight died with who had the slot before
        return slot

    def cells(self, section: Section) -> memoryview[float]:
        """Return the numbers of a section in the row of this process."""
        start = self._size
        for one in self._sections:
            if one is section:
                return self._row[start : start + one.size]
            start += one.size
        raise KeyError(section)

    def opened(self) -> None:
        """Count a request that has come."""
        self._row[len(_CODES) + 1] += 1.0

    def closed(self) -> None:
        """Count a request that nobody waits for any more."""
        self._row[len(_CODES) + 1] -= 1.0

    def ended(self, seconds: float, status: int) -> None:
        """Count a request that was answered."""
        row = self._row
        row[len(_CODES) + 1] -= 1.0
        row[self._codes.get(status, len(_CODES))] += 1.0
        at = self._seconds_at
        row[at + bisect_left(_DURATION, seconds)] += 1.0
        row[at + len(_DURATION) + 1] += seconds

    def computed(self, together: Together) -> None:
        """Count rows that were computed together, and what the model says of them."""
        rows = len(together.labels)
        self.answered(together.answers, together.labels)
        row, at = self._row, self._rows_at
        row[at + bisect_left(_ROWS, rows)] += 1.0
        row[at + len(_ROWS) + 1] += rows

    def answered(self, answers: Answers, labels: Sequence[Any] | None = None) -> None:
        """Count predictions by class or by bucket; what is neither is not counted, so that labels stay bounded.

        Args:
            answers: What the model says.
            labels: The same labels as plain values, where somebody has them.
        """
        if self._bins:
            found = self._bins.counts(answers.labels).tolist()
            tally: Mapping[Any, int] = dict(zip(self._values, found, strict=False))
        else:
            tally = Tally(answers.labels.tolist() if labels is None else labels) if self._values else {}
        for value, rows in tally.items():
            place = self._places.get(value) or self._places.get(str(value)) or self._rest
            if place is not None:
                self._row[place] += rows

    def requests(self) -> float:
        """Return how many requests were answered."""
        return sum(self.counters.sums()[: len(_CODES) + 1])

    def text(self) -> str:
        """Return all series as Prometheus reads them."""
        sums = self.counters.sums()
        return "".join((*self._own(sums), *self._theirs(sums)))

    def _own(self, sums: list[float]) -> Iterable[str]:
        codes = {str(code): sums[place] for place, code in enumerate(_CODES)}
        others = {"other": sums[len(_CODES)]} if sums[len(_CODES)] else {}
        yield self._series(contract.REQUESTS, "counter", "Answers by status.", "code", {**codes, **others})
        seconds, rows = sums[self._seconds_at : self._rows_at], sums[self._rows_at : self._predicted_at]
        yield self._histogram(contract.REQUEST_DURATION, "Seconds to an answer.", _DURATION, seconds)
        yield self._series(contract.IN_FLIGHT, "gauge", "Requests without an answer yet.", "",
                           {"": sums[len(_CODES) + 1]})  # fmt: skip
        yield self._histogram(contract.BATCH_SIZE, "Rows computed together.", _ROWS, rows)
        values = dict(zip(self._values, sums[self._predicted_at :], strict=False))
        yield self._series(contract.PREDICTIONS, "counter", "Predicted rows by value.", "value", values)
        about = dict(zip(("model", "slot", "version", *_ABOUT), astuple(self._identity), strict=True))
        yield head(contract.MODEL_INFO, "gauge", "What is served; always 1.")
        yield f"{contract.MODEL_INFO}{labels_text(about)} 1.0\n"

    def _theirs(self, sums: list[float]) -> Iterable[str]:
        start = self._size
        for one in self._sections:
            yield one.text(sums[start : start + one.size])
            start += one.size

    def _series(self, name: str, kind: str, text: str, label: str, values: Mapping[str, float]) -> str:
        lines = (f"{name}{self._labels(label, value)} {number!r}\n" for value, number in values.items())
        return head(name, kind, text) + "".join(lines)

    def _histogram(self, name: str, text: str, bounds: Sequence[float], cells: list[float]) -> str:
        lines, count = [], 0.0
        for bound, found in zip((*(repr(float(one)) for one in bounds), "+Inf"), cells, strict=False):
            count += found
            lines.append(f"{name}_bucket{self._labels('le', bound)} {count!r}\n")
        own = self._labels("", "")
        above = head(name, "histogram", text)
        return f"{above}{''.join(lines)}{name}_count{own} {count!r}\n{name}_sum{own} {cells[-1]!r}\n"

    def _labels(self, name: str, value: str) -> str:
        identity = self._identity
        own = {"model": identity.model, "slot": identity.slot, "version": identity.version}
        return labels_text({**own, **({name: value} if name else {})})


_ABOUT: Final = ("code_digest", "data_digest", "run_id")


def head(name: str, kind: str, text: str) -> str:
    """Return what stands ahead of the samples of a metric."""
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def labels_text(labels: Mapping[str, str]) -> str:
    """Return labels as they stand behind a metric's name."""
    return "{" + ",".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels)) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _few(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return classes that have a series each; of very many the last ones share one."""
    return classes if len(classes) <= _CLASSES else (*classes[: _CLASSES - 1], _REST)


def _bounds(bins: NumberBins) -> tuple[str, ...]:
    """Return the upper bound of each bucket."""
    return (*map(repr, bins.edges), "+Inf")
