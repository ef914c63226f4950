"""What surrounds the workflow: rights, network, secrets, quotas, alerts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_plans import CASES, EVERYTHING, EVERYTHING_FILES, MINIMAL, PLATFORM, case, objects_of, of_kind, plan_of

from mlops_charts.generators.charts import pipeline_chart, serving_chart
from mlops_charts.generators.pipeline import external_secrets_needed, externals
from mlops_charts.generators.table import generators

every_case = pytest.mark.parametrize("name", CASES)


def _egress(name: str, title: str) -> list[dict[str, Any]]:
    policy = of_kind(objects_of(case(name)), "NetworkPolicy")[f"iris-pipeline-{title}"]
    found: list[dict[str, Any]] = policy["spec"]["egress"]
    return found


def _steps(name: str) -> dict[str, set[str]]:
    policies = of_kind(objects_of(case(name)), "NetworkPolicy")
    return {
        title.removeprefix("iris-pipeline-"): set(policy["spec"]["podSelector"]["matchExpressions"][0]["values"])
        for title, policy in policies.items()
        if "matchExpressions" in policy["spec"]["podSelector"]
    }


@every_case
def test_steps_may_only_report_results(name: str) -> None:
    """The executor writes task results; no step asks the API server for anything else."""
    objects = objects_of(case(name))
    (role,) = of_kind(objects, "Role").values()
    assert role["rules"] == [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
    ]
    (binding,) = of_kind(objects, "RoleBinding").values()
    assert {subject["name"] for subject in binding["subjects"]} == set(of_kind(objects, "ServiceAccount"))
    assert {subject["namespace"] for subject in binding["subjects"]} == {"iris-pipeline"}


def test_accounts_carry_the_platforms_identity() -> None:
    """Annotations bind them to the cloud."""
    account = of_kind(objects_of(case("everything")), "ServiceAccount")["iris-train"]
    assert account["metadata"]["annotations"] == {"note": "a", "iam.example.com/role": "models"}


@every_case
def test_everything_is_denied_first(name: str) -> None:
    """Both directions, for every pod of the pipeline."""
    policy = of_kind(objects_of(case(name)), "NetworkPolicy")["iris-pipeline-default-deny"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(policy["spec"])


@every_case
def test_no_rule_is_open(name: str) -> None:
    """A rule without peers or ports would admit everything."""
    for policy in of_kind(objects_of(case(name)), "NetworkPolicy").values():
        for rule in policy["spec"].get("egress", []):
            assert rule["to"]
            assert rule["ports"]


def test_every_pod_reaches_what_its_executor_needs() -> None:
    """Names, the API server, the artifact store."""
    assert _egress("minimal", "workflow") == [
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
            "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
        },
        {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [{"protocol": "TCP", "port": 443}]},
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "storage"}}}],
            "ports": [{"protocol": "TCP", "port": 8333}],
        },
    ]


def test_each_step_reaches_what_it_needs_and_no_more() -> None:
    """Only guard and deploy see git; only what handles images sees the registry, and who builds them the packages."""
    extras = {"warmup", "lint", "fairness", "notify"}
    assert _steps("everything") == {
        "mlflow": {"guard", "trial", "search", "train", "validate", "version", "monitor", "build", "deploy"},
        "git": {"guard", "deploy"},
        "registry": {"guard", "environment", "image", "scan", "sbom", "sign", "provenance"},
        "data": {"guard", "trial", "train", "validate", "monitor", *extras},
        "packages": {"environment", "image"},
        "pushgateway": {"monitor"},
    }


def test_what_the_platform_does_not_name_is_not_reached() -> None:
    """No addresses, no rule: never a rule for everywhere."""
    assert set(_steps("minimal")) == {"mlflow"}


def test_a_pushgateway_is_reached_at_its_port() -> None:
    """In the namespace of monitoring."""
    (rule,) = _egress("everything", "pushgateway")
    assert rule == {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "ports": [{"protocol": "TCP", "port": 9091}],
    }


_SECRETS = (
    "s3-credentials",
    "git-credentials",
    "git-signing",
    "registry-pull",
    "registry-push",
    "cosign-key",
    "warehouse",
)


def test_secrets_come_from_the_store_where_the_platform_has_one() -> None:
    """One reference for each Secret; those of a registry have the type that pods pull with."""
    plan = case("everything")
    found = of_kind(objects_of(plan), "ExternalSecret")
    assert set(found) == set(_SECRETS)
    assert external_secrets_needed(plan) == ()
    assert found["warehouse"]["spec"] == {
        "refreshInterval": "1h0m0s",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
        "target": {"name": "warehouse", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "dataFrom": [
            {
                "extract": {
                    "key": "ml/warehouse",
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                }
            }
        ],
    }
    assert found["registry-pull"]["spec"]["target"]["template"]["type"] == "kubernetes.io/dockerconfigjson"


@pytest.mark.parametrize("provider", ["existing", "sealed-secrets"])
def test_other_providers_leave_secrets_to_somebody_else(provider: str) -> None:
    """Nothing is rendered, and what must exist is named."""
    plan = plan_of(EVERYTHING, {**PLATFORM, "secrets": {"provider": provider}}, EVERYTHING_FILES)
    assert of_kind(objects_of(plan), "ExternalSecret") == {}
    assert external_secrets_needed(plan) == _SECRETS
    assert externals(plan) == {("PriorityClass", "high"), *(("Secret", name) for name in _SECRETS)}


def test_no_object_is_a_secret() -> None:
    """Charts hold references."""
    assert of_kind(objects_of(case("everything")), "Secret") == {}


def test_a_quota_brings_defaults_for_containers_that_state_nothing() -> None:
    """Argo's own containers would be refused otherwise."""
    objects = objects_of(case("everything"))
    (quota,) = of_kind(objects, "ResourceQuota").values()
    assert quota["spec"]["hard"] == {"limits.memory": "64Gi", "requests.cpu": "20"}
    (limits,) = of_kind(objects, "LimitRange").values()
    assert [limit["type"] for limit in limits["spec"]["limits"]] == ["Container"]


def test_a_failed_pipeline_calls_somebody() -> None:
    """By the counter that Argo emits for the template."""
    (rules,) = of_kind(objects_of(case("everything")), "PrometheusRule").values()
    assert rules["metadata"]["labels"]["release"] == "monitoring"
    (group,) = rules["spec"]["groups"]
    failed, missed = group["rules"]
    assert failed["alert"] == "ModelPipelineFailed"
    assert 'argo_workflows_mlops_pipeline_runs_total{model="iris",status=~"Failed|Error"}' in failed["expr"]
    assert missed["alert"] == "ModelRetrainingMissed"


def test_every_alert_says_how_bad_whose_where_and_what_to_do() -> None:
    """The labels by which an alert is routed, and the command to type first, as the alerts of serving have them."""
    (rules,) = of_kind(objects_of(case("everything")), "PrometheusRule").values()
    known = {"severity": "warning", "model": "iris", "namespace": "iris-pipeline", "owner": "team-flowers"}
    found = {rule["alert"]: (rule["labels"], rule["annotations"]) for rule in rules["spec"]["groups"][0]["rules"]}
    assert {alert: labels for alert, (labels, _) in found.items()} == dict.fromkeys(found, known)
    assert {alert: notes["runbook"] for alert, (_, notes) in found.items()} == {
        "ModelPipelineFailed": "argo -n iris-pipeline list --status Failed,Error",
        "ModelRetrainingMissed": "argo -n iris-pipeline cron get iris-retrain",
    }


def test_an_alert_of_nobody_has_no_owner() -> None:
    """An empty label would be none."""
    (rules,) = of_kind(objects_of(case("minimal")), "PrometheusRule").values()
    assert ["owner" in rule["labels"] for rule in rules["spec"]["groups"][0]["rules"]] == [False]


@pytest.mark.parametrize(
    ("schedule", "window"), [("0 3 * * *", "[2d]"), ("0 3 * * 1", "[8d]"), ("0 3 1 * *", "[32d]"), ("0 3 1 6 *", None)]
)
def test_a_missed_schedule_is_noticed_within_its_period(schedule: str, window: str | None) -> None:
    """A yearly schedule is longer than metrics are kept."""
    plan = plan_of({**MINIMAL, "training": {**MINIMAL["training"], "schedule": schedule}})
    (rules,) = of_kind(objects_of(plan), "PrometheusRule").values()
    missed = [rule["expr"] for rule in rules["spec"]["groups"][0]["rules"] if rule["alert"] == "ModelRetrainingMissed"]
    assert [window in expression for expression in missed] == ([True] if window else [])


_FAILED, _MISSED = "ModelPipelineFailed", "ModelRetrainingMissed"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    ("series", "at", "alert", "end"),
    [
        (("Failed", "_x11 1x100"), "2h", _FAILED, "fires"),  # the counter's first sample
        (("Error", "1x30 2x30"), "310m", _FAILED, "fires"),
        (("Failed", "1x100"), "10h", _FAILED, "silent"),
        (("Succeeded", "_x11 1x100"), "2h", _FAILED, "silent"),
        (("Succeeded", "0x100 1x1500"), "200h", _MISSED, "silent"),
        (("Succeeded", "_x100 1x1000"), "100h", _MISSED, "silent"),
        (("Succeeded", "1x3000"), "400h", _MISSED, "fires"),
    ],
)
def test_alerts_fire_when_they_should(series: tuple[str, str], at: str, alert: str, end: str, tmp_path: Path) -> None:
    """Prometheus itself evaluates the rules over samples ten minutes apart."""
    (rules,) = of_kind(objects_of(case("everything")), "PrometheusRule").values()
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules["spec"]))
    status, samples = series
    counter = f'argo_workflows_mlops_pipeline_runs_total{{model="iris",status="{status}"}}'
    silence = {"eval_time": at, "alertname": alert, "exp_alerts": []}
    test = {
        "interval": "10m",
        "input_series": [{"series": counter, "values": samples}],
        "alert_rule_test": [silence],
    }
    whole = {"rule_files": ["rules.yaml"], "evaluation_interval": "10m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(whole))
    done = subprocess.run(["promtool", "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert ("fires" if f"alertname: {alert}" in said else "silent") == end
    assert done.returncode == (end == "fires")


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ({}, "Somebody must make these"),
        ({"provider": "sealed-secrets"}, "SealedSecrets of your own bring these"),
        (PLATFORM["secrets"], "`vault`, where each stands\nunder its name behind `ml/`"),
    ],
)
def test_both_readmes_name_every_secret_and_who_brings_it(provider: dict[str, str], said: str) -> None:
    """With the keys that must be in it and what it is for."""
    plan = plan_of(EVERYTHING, {**PLATFORM, "secrets": provider}, EVERYTHING_FILES)
    texts = [pipeline_chart(plan, generators()).readme, serving_chart(plan, generators()).chart.readme]
    assert [said in text for text in texts] == [True, True]
    found = [set(re.findall(r"^\| `([a-z0-9-]+)` \|", text.partition("## Secrets")[2], re.MULTILINE)) for text in texts]
    assert found == [set(_SECRETS), {"s3-credentials", "git-credentials", "git-signing", "registry-pull"}]
    assert "| `warehouse` | `password` | the variable `DB_PASSWORD` of training |" in texts[0]
