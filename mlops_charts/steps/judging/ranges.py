"""Estimates, bounds and limits as bars on a line, in HTML."""

from __future__ import annotations

from mlops_charts.steps.judging.report import ChampionVerdict, GateVerdict, SliceVerdict
from mlops_charts.steps.judging.words import number

_SHARE = 1.0


def gate_range(gate: GateVerdict, found: GateVerdict | SliceVerdict, passed: bool) -> str:  # noqa: FBT001 - a colour
    """Return the figures of a gate, or of one of its slices, on the gate's own scale."""
    if found.estimate is None:
        return ""
    scale = _scale(gate)
    limits = [at for at in (gate.min, gate.max) if at is not None]
    return _range(scale, found.estimate, (found.low, found.high), limits, passed=passed)


def drop_range(found: ChampionVerdict) -> str:
    """Return the drop and its bounds, with 0 and the drop that is allowed."""
    known = [one for one in (found.low, found.high, found.max_drop, found.drop, 0.0) if one is not None]
    air = 0.12 * (max(known) - min(known)) or 1.0
    scale = (min(known) - air, max(known) + air)
    limits = [found.max_drop] if found.max_drop is not None else []
    return _range(scale, found.drop or 0.0, (found.low, found.high), limits, passed=found.passed, zero=True)


def _scale(gate: GateVerdict) -> tuple[float, float]:
    parts: tuple[GateVerdict | SliceVerdict, ...] = (gate, *gate.slices)
    known = [one for part in parts for one in (part.low, part.high, part.estimate) if one is not None]
    known += [one for one in (gate.min, gate.max) if one is not None]
    low, high = min(known), max(known)
    air = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    if low >= 0 and high <= _SHARE:
        return max(0.0, low - air), min(_SHARE, high + air)
    return low - air, high + air


def _range(
    scale: tuple[float, float],
    estimate: float,
    bounds: tuple[float | None, float | None],
    limits: list[float],
    *,
    passed: bool,
    zero: bool = False,
) -> str:
    def at(value: float) -> float:
        return 100 * min(max((value - scale[0]) / (scale[1] - scale[0]), 0.0), 1.0)

    low, high = bounds
    parts = ['<i class="track"></i>']
    said = number(estimate)
    if low is not None and high is not None:
        parts.append(f'<i class="between" style="left:{at(low):.1f}%;width:{at(high) - at(low):.1f}%"></i>')
        said = f"{said}, between {number(low)} and {number(high)}"
    if zero:
        parts.append(f'<i class="zero" style="left:{at(0):.1f}%"></i>')
    parts += [f'<i class="limit" style="left:{at(limit):.1f}%"></i>' for limit in limits]
    parts.append(f'<i class="point" style="left:{at(estimate):.1f}%"></i>')
    kind = "range" if passed else "range failed"
    return f'<div class="{kind}" title="{said}" role="img" aria-label="{said}">{"".join(parts)}</div>'
