"""A rehearsal as a picture: how long verdicts take, and the chance of each by how much worse a version is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Final

from mlops_charts.errors import Mistake
from mlops_charts.judge.rehearsal import Rate, rate
from mlops_charts.release.policy import PolicyCheck
from mlops_charts.running.rehearsing import Rehearsed, Tick, simulated, workers, worse_by

FORMS: Final = ("png", "svg", "html")
_TIMES: Final = (0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 2.0)
_MOST: Final = 150  # releases a point
_COLOURS: Final = ("#3358d4", "#d6780b", "#208368", "#a144af", "#c2298a", "#557b0b", "#0b8aa8", "#7d5e54")
_INK, _SOFT, _LINE = "#1c2024", "#60646c", "#e2e4e8"


@dataclass(frozen=True)
class Curve:
    """The chance of promotion by how much worse a version is.

    Attributes:
        title: The check that it is worse by.
        times: How many times the margin.
        promoted: The share that was promoted.
    """

    title: str
    times: tuple[float, ...]
    promoted: tuple[Rate, ...]


def points(found: Rehearsed) -> int:
    """Return how many releases the curves take beside those of the rehearsal."""
    return len(found.policy.checks) * len(_TIMES) * min(found.asked.releases, _MOST)


def curves(found: Rehearsed, tick: Tick) -> tuple[Curve, ...]:
    """Return the operating characteristic of each check."""
    asked = replace(found.asked, releases=min(found.asked.releases, _MOST))
    equal = next(cell.promoted for cell in found.cells if cell.kind == "equal")
    with workers(points(found)) as work:

        def promoted(check: PolicyCheck, times: float) -> Rate:
            scenario = worse_by(found.scenario, check, times)
            releases = simulated(found.policy, scenario, asked, tick, work)
            return rate(sum(one.outcome == "promoted" for one in releases), len(releases))

        return tuple(
            Curve(check.title, (0.0, *_TIMES), (equal, *(promoted(check, times) for times in _TIMES)))
            for check in found.policy.checks
        )


def write_plot(found: Rehearsed, shown: Sequence[Curve], path: Path, table: str) -> None:
    """Write the picture; as HTML with the table below it, in one file that asks for no other.

    Raises:
        Mistake: matplotlib is not installed.
    """
    form = path.suffix.removeprefix(".")
    if form == "html":
        path.write_text(_page(found, _drawn(found, shown, "svg").decode(), table), encoding="utf-8")
    else:
        path.write_bytes(_drawn(found, shown, form))


def _drawn(found: Rehearsed, shown: Sequence[Curve], form: str) -> bytes:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - 0.5 s, and only pictures need it
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise Mistake("matplotlib is not installed; pip install 'mlops-charts[steps]' brings it") from None
    style = {"svg.hashsalt": "rehearsal", "font.size": 9, "axes.edgecolor": _SOFT, "text.color": _INK}
    style |= {"axes.labelcolor": _INK, "xtick.color": _SOFT, "ytick.color": _SOFT, "axes.spines.top": False}
    with mpl.rc_context({**style, "axes.spines.right": False}):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        figure.suptitle(
            f"{found.model} in {found.environment}: {found.asked.releases} releases of each kind", x=0.01, ha="left"
        )
        left, right = figure.subplots(1, 2)
        _times(found, left)
        _characteristic(found, shown, right)
        content = io.BytesIO()
        none = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(content, format=form, dpi=130, metadata=none)
    return content.getvalue()


def _times(found: Rehearsed, axes: Any) -> None:
    """Draw what share of the releases has its verdict by when."""
    decided = [cell for cell in found.cells if cell.seconds]
    unit, name = _unit(max((cell.seconds[-1] for cell in decided), default=60.0))
    for cell, colour in zip(decided, _cycled(len(decided)), strict=True):
        every = cell.promoted.of
        across = [0.0, *(one / unit for one in cell.seconds)]
        up = [100 * place / every for place in range(len(across))]
        width = 2.4 if cell.kind == "equal" else 1.5
        axes.step(across, up, where="post", label=cell.title, color=colour, linewidth=width)
    axes.set(title="Time to a verdict", xlabel=f"{name} since the start", ylabel="releases that have it, %")
    axes.set(ylim=(0, 103))
    axes.set_xlim(left=0)
    axes.grid(color=_LINE)
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _characteristic(found: Rehearsed, shown: Sequence[Curve], axes: Any) -> None:
    """Draw the chance of promotion by how much worse a version is."""
    for curve, colour in zip(shown, _cycled(len(shown)), strict=True):
        middle = [100 * one.share for one in curve.promoted]
        low = [100 * one.low for one in curve.promoted]
        high = [100 * one.high for one in curve.promoted]
        axes.fill_between(curve.times, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(curve.times, middle, "o-", color=colour, label=curve.title, markersize=4)
    allowed = 100 * found.allowed
    axes.axhline(allowed, color=_SOFT, linestyle="--", linewidth=1)
    axes.annotate(f"{allowed:.3g} % may be missed", (1.98, allowed), ha="right", va="bottom", color=_SOFT, fontsize=8)
    axes.axvline(1, color=_SOFT, linestyle=":", linewidth=1)
    axes.annotate("margin", (1, 101), ha="center", va="bottom", color=_SOFT, fontsize=8)
    axes.set(title="Chance of promotion", xlabel="how much worse, in margins of the check", ylabel="promoted, %")
    axes.set(ylim=(-2, 108), xlim=(0, 2))
    axes.grid(color=_LINE)
    axes.legend(frameon=False, fontsize=8, loc="center right")


def _cycled(number: int) -> list[str]:
    return [_COLOURS[place % len(_COLOURS)] for place in range(number)]


def _unit(longest: float) -> tuple[float, str]:
    hour, minute = 3600.0, 60.0
    if longest > 2 * hour:
        return hour, "hours"
    return (minute, "minutes") if longest > 2 * minute else (1.0, "seconds")


def _page(found: Rehearsed, picture: str, table: str) -> str:
    from mlops_charts.local.style import STYLE  # noqa: PLC0415 - a page alone needs it

    title = f"{found.model} in {found.environment}: rehearsal"
    svg = picture[picture.index("<svg") :]
    more = "svg{max-width:100%;height:auto;background:#fff;border-radius:8px}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{more}</style></head>\n<body><main>\n'
        f"<header><h1>{escape(title)}</h1></header>\n<section>{svg}</section>\n"
        f"<section><pre>{escape(table)}</pre></section>\n</main></body></html>\n"
    )
