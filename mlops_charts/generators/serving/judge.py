"""The judge: a CronJob that moves a release by one step at most, and is there only while one is under way.

All that it knows of the model stands in a ConfigMap beside it, so that it needs neither model.yaml nor the charts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from mlops_charts.chart import when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import (
    container_security_context,
    metadata,
    mlflow_credentials,
    pod_security_context,
    pull_secrets,
    storage_credentials,
)
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.pods import pod_labels
from mlops_charts.generators.serving.release_values import in_flight
from mlops_charts.planning import EnvironmentPlan, Plan, release_spec

NO_MESH: Final = {"sidecar.istio.io/inject": "false"}  # a job's pod would never end beside a proxy
_GIT_SECRET = "/secrets/git"  # noqa: S105 - a path
_SIGNING_KEY = "/secrets/signing"
_SPEC_FOLDER = "/spec"
_SPEC = "release.json"
_OWNER_AND_GROUP_READ = 0o440


def judge(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield what the judge knows and its CronJob, present while a release is in flight."""
    yield Part("configmap-release.yaml", when(in_flight(), _known(plan)), "release")
    manifest = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(plan, plan.names.judge, component="judge"),
        "spec": {
            "schedule": "* * * * *",
            "timeZone": plan.platform.kubernetes.time_zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 45,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "suspend": False,
            "jobTemplate": {"spec": _job(plan, environment)},
        },
    }
    yield Part("cronjob-judge.yaml", when(in_flight(), manifest), "release")


def _known(plan: Plan) -> dict[str, Any]:
    spec = release_spec(plan).model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(plan, plan.names.release_config_map, component="judge"),
        "data": {_SPEC: json.dumps(spec, indent=2, sort_keys=True, ensure_ascii=False) + "\n"},
    }


def _job(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    return {
        "backoffLimit": 0,  # the next minute tries again
        "activeDeadlineSeconds": 300,
        "template": {
            "metadata": {"labels": {**pod_labels(plan, "judge"), **NO_MESH}},
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": plan.names.judge,
                "automountServiceAccountToken": True,
                "enableServiceLinks": False,
                "securityContext": pod_security_context(),
                **pull_secrets(plan),
                "containers": [_container(plan, environment)],
                "volumes": [
                    {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
                    {"name": "spec", "configMap": {"name": plan.names.release_config_map}},
                    *(_volume(name, secret) for name, secret, _ in _mounted(plan)),
                ],
            },
        },
    }


def _mounted(plan: Plan) -> tuple[tuple[str, str, str], ...]:
    git = plan.platform.git
    signing = (("signing", git.signing_key_secret, _SIGNING_KEY),) if git.signing_key_secret else ()
    return (("git", git.credentials_secret, _GIT_SECRET), *signing)


def _volume(name: str, secret: str) -> dict[str, Any]:
    return {"name": name, "secret": {"secretName": secret, "defaultMode": _OWNER_AND_GROUP_READ}}


def _container(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    folders = {"spec": _SPEC_FOLDER, **{name: path for name, _, path in _mounted(plan)}}
    mounts = [{"name": name, "mountPath": path, "readOnly": True} for name, path in folders.items()]
    return {
        "name": "judge",
        "image": values.runtime_image(plan),
        "command": _command(plan, environment),
        "env": _variables(plan),
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": container_security_context(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],  # noqa: S108 - a path in the container
    }


def _command(plan: Plan, environment: EnvironmentPlan) -> list[Any]:
    signing = ("--signing-key", _SIGNING_KEY) if plan.platform.git.signing_key_secret else ()
    return [
        *("mlops-charts", "release", "tick", "--spec", f"{_SPEC_FOLDER}/{_SPEC}"),
        *("--environment", values.environment_name(environment)),
        *("--credentials", _GIT_SECRET, *signing),
    ]


def _variables(plan: Plan) -> list[Any]:
    platform = plan.platform
    literal = {
        "HOME": "/tmp",  # noqa: S108 - a path in the container
        "MLFLOW_TRACKING_URI": platform.mlflow.tracking_uri,
        "MLFLOW_S3_ENDPOINT_URL": platform.storage.endpoint,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "AWS_REGION": platform.storage.region,
    }
    return [
        *({"name": name, "value": given} for name, given in literal.items()),
        *storage_credentials(plan),
        *mlflow_credentials(plan),
    ]
