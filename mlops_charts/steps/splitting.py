"""How rows are divided: positions of those to learn from and of those to judge by, from the rows and a seed alone.

A row's side depends on all rows together, never on how they were read. Positions rise, so that rows keep their order.
"""

from __future__ import annotations

from typing import Any

from mlops_charts.spec.training import Split
from mlops_charts.steps.call import Refused

Positions = tuple[Any, Any]
"""Two numpy arrays, of training and of test rows, that together hold every position once."""


def positions(rows: Any, y: Any, split: Split, seed: int | tuple[int, ...]) -> Positions:
    """Return which rows train and which test.

    Args:
        rows: (n, columns) all columns.
        y: (n,) the target.
        split: What decides.
        seed: Seed of what is drawn; several numbers draw independently of the first alone.

    Raises:
        Refused: One side would be empty, or the column of the split does not say what it must.
    """
    import numpy as np  # noqa: PLC0415 - 0.1 s

    draw = np.random.default_rng(seed)
    count = round(len(rows) * split.test)
    if split.by == "random":
        chosen = draw.permutation(len(rows))[:count]
    elif split.by == "stratified":
        chosen = _stratified(y, split.test, draw)
    elif split.by == "group":
        chosen = _grouped(_column(rows, split), count, draw)
    elif split.by == "time":
        chosen = _latest(_column(rows, split), count)
    else:
        chosen = _given(_column(rows, split), str(split.column))
    test = np.zeros(len(rows), dtype=bool)
    test[chosen] = True
    if not test.any() or test.all():
        side = "test" if not test.any() else "train on"
        raise Refused(f"training.data.split: of {len(rows)} rows none is left to {side}")
    return np.flatnonzero(~test), np.flatnonzero(test)


def _column(rows: Any, split: Split) -> Any:
    column = rows[split.column]
    lacking = int(column.isna().sum())
    if lacking:
        raise Refused(f'training.data.split: "{split.column}" has no value in {lacking} of {len(rows)} rows')
    return column


def _stratified(y: Any, share: float, draw: Any) -> Any:
    """Take the share of each class, but at least one row and never all; what is left over goes by largest remainder."""
    import numpy as np  # noqa: PLC0415 - 0.1 s

    counts = y.value_counts().sort_index()
    single = [str(name) for name, count in counts.items() if count == 1]
    if single:
        message = f"training.data.split: one row alone is of class {', '.join(single)}; stratified needs two of each"
        raise Refused(message)
    want = counts.to_numpy() * share
    take = np.floor(want).astype(int)
    left = round(len(y) * share) - int(take.sum())
    take[np.argsort(take - want, kind="stable")[:left]] += 1
    take = np.clip(take, 1, counts.to_numpy() - 1)
    label = y.to_numpy()
    members = (np.flatnonzero(label == name) for name in counts.index)
    return np.concatenate([draw.permutation(rows)[:n] for rows, n in zip(members, take, strict=True)])


def _grouped(groups: Any, count: int, draw: Any) -> Any:
    """Take whole groups, in a drawn order, each that brings the number of test rows nearer to what is asked."""
    import numpy as np  # noqa: PLC0415 - 0.1 s

    sizes = groups.value_counts().sort_index()
    if len(sizes) == 1:
        raise Refused(f'training.data.split: "{groups.name}" has one group alone, {sizes.index[0]!r}')
    taken: list[int] = []
    total = 0
    for i in draw.permutation(len(sizes)):
        after = total + int(sizes.iloc[i])
        if abs(after - count) < abs(total - count) and len(taken) < len(sizes) - 1:
            taken.append(i)
            total = after
    chosen = sizes.index[taken] if taken else sizes.index[[int(np.argmin(sizes.to_numpy()))]]
    return np.flatnonzero(groups.isin(chosen))


def _latest(times: Any, count: int) -> Any:
    """Take the last share; rows of the same time stay together, on the side of the test if that leaves any to train."""
    import numpy as np  # noqa: PLC0415 - 0.1 s

    order = _moments(times)
    values = np.sort(order)
    if values[0] == values[-1]:
        raise Refused(f'training.data.split: "{times.name}" is the same in all rows; there is no later one to test by')
    first = values[len(values) - max(count, 1)]
    return np.flatnonzero(order >= first if first > values[0] else order > first)


def _moments(times: Any) -> Any:
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    if pd.api.types.is_numeric_dtype(times):
        return times.to_numpy()
    read = pd.to_datetime(times, format="ISO8601", errors="coerce", utc=True)
    odd = times[read.isna()]
    if len(odd):
        message = (
            f'training.data.split: "{times.name}" holds {odd.iloc[0]!r}; times are numbers or as 2026-11-23T10:00:00'
        )
        raise Refused(message)
    return read.to_numpy()


def _given(column: Any, name: str) -> Any:
    import numpy as np  # noqa: PLC0415 - 0.1 s

    odd = column[~column.isin(["train", "test"])]
    if len(odd):
        raise Refused(
            f'training.data.split: "{name}" is {odd.iloc[0]!r} in row {odd.index[0] + 1}; '
            f"neither train nor test in {len(odd)} of {len(column)} rows"
        )
    return np.flatnonzero(column == "test")
