"""The series that are asked for, under the names that each runtime gives them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_charts import contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_charts.planning import EnvironmentPlan, Plan


@dataclass(frozen=True)
class Series:
    """Names and labels of what one runtime exposes.

    Attributes:
        requests: Counter of answers, with the label `code`.
        duration: Histogram of seconds, without `_bucket`.
        model: Label that names the model.
        matcher: Label matchers that select the model.
        requests_matcher: Further matchers that leave out what is no prediction; empty if everything is one.
        slot: Label that names the slot.
        version: Label that names the version.
        own_server: Whether drift, predictions and identity are exposed too.
    """

    requests: str
    duration: str
    model: str
    matcher: str
    requests_matcher: str
    slot: str
    version: str
    own_server: bool

    def select(self, metric: str, namespace: str, *more: str) -> str:
        """Return a selector of a metric of this model in a namespace."""
        return f"{metric}{{{','.join([f'namespace={quoted(namespace)}', self.matcher, *filter(None, more)])}}}"

    def answers(self, namespace: str, *more: str) -> str:
        """Return a selector of the counter of answers."""
        return self.select(self.requests, namespace, self.requests_matcher, *more)

    def buckets(self, namespace: str, *more: str) -> str:
        """Return a selector of the histogram's buckets."""
        return self.select(f"{self.duration}_bucket", namespace, self.requests_matcher, *more)


def series_of(plan: Plan, environment: EnvironmentPlan) -> Series:
    """Return the series of the runtime that a model is served by."""
    if environment.executor:
        return Series(
            requests=f"{contract.EXECUTOR_DURATION}_count",
            duration=contract.EXECUTOR_DURATION,
            model="deployment_name",
            matcher=f"deployment_name={quoted(plan.model)}",
            requests_matcher='service!~"status|metadata|feedback"',
            slot="predictor_name",
            version="predictor_version",
            own_server=False,
        )
    return Series(
        requests=contract.REQUESTS,
        duration=contract.REQUEST_DURATION,
        model="model",
        matcher=f"model={quoted(plan.model)}",
        requests_matcher="",
        slot="slot",
        version="version",
        own_server=True,
    )


def quoted(text: str) -> str:
    """Return a string literal of PromQL, whose escapes are those of JSON here."""
    return json.dumps(text, ensure_ascii=False)


def any_of(label: str, names: Sequence[str]) -> str:
    """Return a matcher of a label for any of some literal values."""
    return f"{label}=~{quoted('|'.join(re.escape(name) for name in names))}"
