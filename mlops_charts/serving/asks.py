"""What waits for answers: the rows of one request, and how its answer goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from mlops_charts.saved_model import Answers, Rows
from mlops_charts.serving.declined import Declined

MATRIX = "matrix"  # the key of what is not checked yet, and can be in one matrix of doubles


class Ask:
    """Rows of one request.

    Attributes:
        channel: Where the answer goes.
        sent: Takes the answers of all that was computed together, and which rows of it are its own.
        refused: Takes why there is no answer.
        count: Of rows.
        key: Asks of one key can be computed together: `MATRIX`, or the types of all columns.
        values: The values of a MATRIX, row after row, as JSON had them; nobody has looked at them yet.
        read: Looks at each of the values; Declined if one is wrong. It is None where rows are there.
        rows: The columns, if they are no MATRIX.
        size: Bytes of the request.
        about: What `sent` needs to write the answer.
        began: When it came, on the clock of `perf_counter`.
        done: What whoever asked waits for; of nobody else.
        answered: Whether it was, so that nobody is answered twice.
    """

    __slots__ = (
        "about",
        "answered",
        "began",
        "channel",
        "count",
        "done",
        "key",
        "read",
        "refused",
        "rows",
        "sent",
        "size",
        "values",
    )

    def __init__(
        self, channel: Any, sent: Callable[[Ask, Together, int, int], None], refused: Callable[[Ask, Declined], None]
    ) -> None:
        self.channel, self.sent, self.refused = channel, sent, refused
        self.done: asyncio.Future[None]
        self.answered = False
        self.size = 0
        self.began = perf_counter()

    def of_values(self, count: int, values: list[Any], read: Callable[[], Rows], about: Any) -> None:
        """Ask for rows that may be one matrix."""
        self.key, self.count, self.values, self.read, self.about = MATRIX, count, values, read, about
        self.rows: Rows | None = None

    def of_rows(self, rows: Rows, about: Any) -> None:
        """Ask for rows that were looked at."""
        self.key, self.about, self.rows = "".join([column.dtype.char for column in rows.values()]), about, rows
        self.count = len(next(iter(rows.values())))


class Together:
    """Answers that were computed together, and their texts, which are made once for all of them.

    Attributes:
        answers: What the model says.
        labels: The same labels as plain values.
        texts: By name, what a protocol has written of all rows.
    """

    __slots__ = ("answers", "labels", "texts")

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.labels: list[Any] = answers.labels.tolist()
        self.texts: dict[str, list[bytes]] = {}

    def part(self, start: int, stop: int) -> Answers:
        """Return the answers of some rows."""
        found = self.answers.probabilities
        return Answers(self.answers.labels[start:stop], None if found is None else found[start:stop])
