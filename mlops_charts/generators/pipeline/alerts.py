"""Alerts of the pipeline itself: the runs that a schedule starts are seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.planning import Plan

_RUNS: Final = contract.ARGO_PREFIX + contract.PIPELINE_RUNS


def alerts(plan: Plan) -> Iterator[Part]:
    """Yield the rules."""
    rules = [_failed(plan), *_missed(plan)]
    labels = plan.platform.prometheus.rule_labels
    yield Part(
        "prometheusrule.yaml",
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata(plan, f"{plan.model}-pipeline", component="pipeline", labels=labels),
            "spec": {"groups": [{"name": f"{plan.model}-pipeline", "rules": rules}]},
        },
    )


def _failed(plan: Plan) -> dict[str, Any]:
    series = f'{_RUNS}{{model="{plan.model}",status=~"Failed|Error"}}'
    return {
        "alert": "ModelPipelineFailed",
        "expr": _ended(series, "1h"),
        "labels": _labels(plan),
        "annotations": {
            "summary": f"The pipeline of {plan.model} failed.",
            "description": f"A run in {plan.pipeline.namespace} ended as {{{{ $labels.status }}}}; serving goes on.",
            "runbook": f"argo -n {plan.pipeline.namespace} list --status Failed,Error",
        },
    }


def _missed(plan: Plan) -> Iterator[dict[str, Any]]:
    for schedule in plan.pipeline.schedules:
        window = _window(schedule)
        if window:
            yield {
                "alert": "ModelRetrainingMissed",
                "expr": f"absent({_ended(_RUNS + _of(plan), window)})",
                "for": "1h",
                "labels": _labels(plan),
                "annotations": {
                    "summary": f"No run of the pipeline of {plan.model} has ended for {window}.",
                    "description": f"It is due at {schedule}, {plan.pipeline.time_zone}; is the schedule suspended?",
                    "runbook": f"argo -n {plan.pipeline.namespace} cron get {plan.names.cron_workflow}",
                },
            }


def _labels(plan: Plan) -> dict[str, str]:
    owner = plan.spec.metadata.owner
    found = {"severity": "warning", "model": plan.model, "namespace": plan.pipeline.namespace}
    return {**found, "owner": owner} if owner else found


def _of(plan: Plan) -> str:
    return f'{{model="{plan.model}"}}'


def _ended(series: str, window: str) -> str:
    """Return the runs that ended within a time: a counter's first sample is one too, which no increase shows."""
    fresh = f"last_over_time({series}[{window}]) unless last_over_time({series}[{window}] offset {window})"
    return f"increase({series}[{window}]) > 0 or ({fresh})"


def _window(schedule: str) -> str:
    """Return a time in which a schedule surely strikes; empty if that is longer than metrics are kept."""
    _, _, day, month, weekday = schedule.split()
    if month != "*":
        return ""
    if day != "*":
        return "32d"
    return "8d" if weekday != "*" else "2d"
