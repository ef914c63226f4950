"""The WorkflowTemplate, the Workflow that runs it once for each code, and the CronWorkflow that retrains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import labels_of, metadata, pod_security_context, pull_secrets
from mlops_charts.generators.pipeline import graph, storage, values
from mlops_charts.generators.pipeline.interfaces import NATURES, TOOLS, pods
from mlops_charts.generators.pipeline.steps import extra, step
from mlops_charts.generators.pipeline.tools import tool
from mlops_charts.planning import Plan

_API: Final = "argoproj.io/v1alpha1"
_TEN_YEARS: Final = 10 * 365 * 24 * 3600
_FIRST: Final = ("name", "metadata", "inputs", "outputs")
_NO_SIDECAR: Final = {"sidecar.istio.io/inject": "false"}


def workflows(plan: Plan) -> Iterator[Part]:
    """Yield the template, what starts it at a commit, and what starts it by the clock."""
    yield Part("workflowtemplate.yaml", _template(plan), "training")
    if plan.pipeline.schedules:
        yield Part("cronworkflow.yaml", _cron_workflow(plan), "training.schedule")
    yield Part("workflow.yaml", _workflow(plan), "training")


def _template(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "WorkflowTemplate",
        "metadata": metadata(plan, plan.model, component="pipeline"),
        "spec": {
            "entrypoint": graph.GRAPH,
            "arguments": {"parameters": _parameters(trigger="commit", code_digest=plan.code_digest, git_commit="")},
            **storage.repository_reference(plan),
            "synchronization": {"mutexes": [{"name": plan.pipeline.mutex}]},
            "ttlStrategy": {"secondsAfterCompletion": _TEN_YEARS},
            "podGC": {"strategy": "OnWorkflowSuccess", "deleteDelayDuration": "24h"},
            "workflowMetadata": {"labels": labels_of(plan, "pipeline")},
            "podMetadata": {"labels": labels_of(plan, "pipeline", _NO_SIDECAR), "annotations": _NO_SIDECAR},
            "securityContext": pod_security_context(),
            **pull_secrets(plan),
            "metrics": {"prometheus": _metrics(plan)},
            "templates": [graph.graph(plan), *_templates(plan)],
        },
    }


def _templates(plan: Plan) -> Iterator[dict[str, Any]]:
    for name in pods(plan):
        if name == "trial":
            yield graph.trials(plan)
        make = step if name in NATURES else tool if name in TOOLS else extra
        yield _in_order(make(plan, name))


def _in_order(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template with its fields in the order in which people read them."""
    return {key: template[key] for key in (*_FIRST, *(key for key in template if key not in _FIRST)) if key in template}


def _parameters(**given: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": content} for name, content in given.items()]


def _metrics(plan: Plan) -> list[dict[str, Any]]:
    model = {"key": "model", "value": plan.model}
    status = {"key": "status", "value": "{{workflow.status}}"}
    return [
        {
            "name": contract.PIPELINE_RUNS,
            "help": "Runs of the pipeline by their end.",
            "labels": [model, status],
            "counter": {"value": "1"},
        },
        {
            "name": contract.PIPELINE_SECONDS,
            "help": "Seconds that the last run of the pipeline took.",
            "labels": [model, status],
            "gauge": {"realtime": False, "value": "{{workflow.duration}}"},
        },
    ]


def _workflow(plan: Plan) -> dict[str, Any]:
    """Return the run of this code: the last wave, alone, so that nothing waits for it and the old one goes first."""
    wave = {"argocd.argoproj.io/sync-wave": "1"}
    parameters = _parameters(trigger="commit", code_digest=plan.code_digest)
    return {
        "apiVersion": _API,
        "kind": "Workflow",
        "metadata": metadata(plan, plan.names.workflow, component="pipeline", annotations=wave),
        "spec": {"workflowTemplateRef": {"name": plan.model}, "arguments": {"parameters": parameters}},
    }


def _cron_workflow(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "CronWorkflow",
        "metadata": metadata(plan, plan.names.cron_workflow, component="pipeline"),
        "spec": {
            "schedules": list(plan.pipeline.schedules),
            "timezone": plan.pipeline.time_zone,
            "suspend": values.suspended(),
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "workflowSpec": {
                "workflowTemplateRef": {"name": plan.model},
                "arguments": {"parameters": _parameters(trigger="schedule")},
            },
        },
    }
