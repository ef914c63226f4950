"""Durations on the command line."""

from __future__ import annotations

import re
from typing import Any

import click


class Duration(click.ParamType[float]):
    """Seconds, written as in model.yaml: 500ms, 5s, 1m30s."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of a text."""
        from mlops_charts.spec.scalars import seconds  # noqa: PLC0415 - --help stays light

        if isinstance(value, float):
            return value
        if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", value):
            self.fail(f'"{value}" is no duration; expected one such as 500ms, 5s or 1m30s', param, ctx)
        return seconds(value)
