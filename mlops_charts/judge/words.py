"""What a check found, in words with the figures that decided."""

from __future__ import annotations

from mlops_charts.judge.verdict import Compared

_UNITS = {"points": " points", "ratio": " times", "PSI": "", "percent": " %"}
_WAYS = {
    "errorRate": "higher by {}",
    "latency": "{} as long",
    "predictionDrift": "a stability index of {}",
    "business": "lower by {}",
}


def said(one: Compared) -> str:
    """Return one line: what was found, where the effect lies, and how much of the evidence there is."""
    if one.finding == "noData" or one.effect is None:
        return f"{one.check}: {one.note or 'no data'}"
    unit = _UNITS[one.effect_unit]
    effect = _WAYS[one.check.split(" ")[0]].format(f"{one.effect:.3g}{unit}")
    lies = f" ({one.interval[0]:.3g} to {one.interval[1]:.3g})" if one.interval else ""
    return f"{one.check}: {_figures(one)}{effect}{lies}, {one.margin:g}{unit} admitted: {_standing(one)}"


def _figures(one: Compared) -> str:
    if one.stable is None or one.candidate is None:
        return ""
    if one.unit == "seconds":
        return f"{1000 * one.candidate:.4g} ms beside {1000 * one.stable:.4g} ms, "
    return f"{one.candidate:.3g} % beside {one.stable:.3g} %, "


def _standing(one: Compared) -> str:
    if one.finding == "pass":
        return "shown to be within the margin"
    if one.finding == "fail":
        return "shown to be worse"
    share = max(0.0, min(1.0, one.log_pass / one.need_pass)) if one.need_pass > 0 else 0.0
    return f"undecided after {one.samples[1]}, with {share:.0%} of the evidence to pass"
