"""The serving chart for every choice of the spec."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from serving_samples import INGRESSES, NEW, OLD, RUNTIMES, SCALINGS, chart_of, manifests, of_kind, plan_of, states

from mlops_charts import contract
from mlops_charts.chart import differing_defaults, values_of
from mlops_charts.generators.serving import ServingGenerator, external_secrets_needed
from mlops_charts.planning import Plan, release_spec
from mlops_charts.problems import Severity
from mlops_charts.proving.exceptions import serving_exceptions
from mlops_charts.release import state_of
from mlops_charts.release.asked import release_spec_of
from mlops_charts.validation.model import Rendered, Scope
from mlops_charts.validation.proofs import prove

CANARY = state_of("canary", "gatewayApi", OLD, NEW)
SETTLED = state_of("settled", "gatewayApi", OLD, NEW)


def predictors(plan: Plan, **state: Any) -> list[dict[str, Any]]:
    """Return the predictors during a canary, or in another state."""
    return of_kind(manifests(chart_of(plan), state.get("state", CANARY)), "SeldonDeployment")[0]["spec"]["predictors"]


def container(plan: Plan) -> dict[str, Any]:
    """Return the container of the slot blue."""
    return predictors(plan)[0]["componentSpecs"][0]["spec"]["containers"][0]


@pytest.mark.parametrize(("ingress", "runtime"), list(product(INGRESSES, RUNTIMES)))
def test_every_proof_holds_in_every_state(ingress: str, runtime: str) -> None:
    """Webhook, names, references, selectors, policy: nothing is wrong in any phase but what Seldon adds itself."""
    for scaling in SCALINGS.values():
        plan = plan_of({"runtime": runtime, **scaling}, ingress)
        chart, environment = chart_of(plan), plan.environments[0]
        secrets = frozenset(("Secret", name) for name in external_secrets_needed(plan, environment))
        for title, state in states(ingress):
            objects = tuple(Rendered(manifest, "") for manifest in manifests(chart, state))
            allowed = serving_exceptions(plan, environment)
            scope = Scope(title, environment.namespace, objects, environment.pod_security, secrets, allowed)
            found = [finding for finding in prove(scope) if finding.severity is Severity.ERROR]
            assert (title, found) == (title, [])


@pytest.mark.parametrize("ingress", INGRESSES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_field_of_a_release_is_declared_once(ingress: str, runtime: str) -> None:
    """What stands in a release file is a value or a record of the chart, and nothing else is."""
    for scaling in SCALINGS.values():
        chart = chart_of(plan_of({"runtime": runtime, **scaling}, ingress))
        declared = {one.path for one in values_of(chart) if one.path.startswith("release.")}
        assert declared == {f"release.{path}" for path in _leaves(CANARY.data())}


def _leaves(found: dict[str, Any]) -> set[str]:
    nested = ("match", "blue", "green")
    inner = {f"{key}.{below}" for key in nested for below in found[key]}
    return inner | (set(found) - set(nested))


@pytest.mark.parametrize("ingress", INGRESSES)
def test_all_kinds_are_announced(ingress: str) -> None:
    """The AppProject admits what the generator announces, and every rendered kind is among it."""
    plan = plan_of({"runtime": "sklearn"}, ingress, secrets={"provider": "external-secrets", "store": "vault"})
    chart = chart_of(plan)
    kinds = {
        (found["apiVersion"].rpartition("/")[0], found["kind"])
        for _, state in states(ingress)
        for found in manifests(chart, state)
    }
    assert kinds - ServingGenerator.kinds == set()


def test_environments_differ_in_defaults_alone() -> None:
    """Whatever an environment may override is a value, so that both have the same objects."""
    overrides = {
        "replicas": 6,
        "resources": {"cpu": "2", "memory": "4Gi", "gpu": 1},
        "batching": {"maxSize": 8, "maxDelay": "1.5ms"},
        "timeout": "90s",
        "requestLog": {"sample": 0.25, "features": True, "retain": "24h"},
    }
    plan = plan_of({}, environments=["staging", {"name": "prod", "overrides": {"serving": overrides}}])
    staging, prod = (chart_of(plan, environment).templates for environment in plan.environments)
    assert differing_defaults(staging, prod) == {
        "environment": "prod",
        "namespace": "iris-prod",
        "ingress.host": "iris.prod.example.com",
        "serving.replicas": 6,
        "serving.resources.cpu": "2",
        "serving.resources.memory": "4Gi",
        "serving.resources.gpu": 1,
        "serving.batching.maxSize": 8,
        "serving.batching.maxDelay": "1.5ms",
        "serving.timeout": "1m30s",
        "serving.terminationGracePeriodSeconds": 105,
        "serving.requestLog.sample": "0.25",
        "serving.requestLog.features": True,
        "serving.requestLog.retain": "24h",
    }


def test_before_the_first_release_nothing_serves() -> None:
    """No SeldonDeployment, no route, no judge; what remains are identities."""
    title, nothing = next(states("gatewayApi"))
    kinds = {found["kind"] for found in manifests(chart_of(plan_of()), nothing)}
    assert (title, kinds) == ("nothing released", {"ServiceAccount", "Role", "RoleBinding"})


def test_python_server_runs_without_the_executor() -> None:
    """The command is explicit and its flags come from the spec."""
    plan = plan_of({"batching": {"maxSize": 32, "maxDelay": "3ms"}, "timeout": "2s", "nonFinite": "missing"})
    found = predictors(plan)[0]
    assert found["annotations"] == {"seldon.io/no-engine": "true", "version": "1.1.0"}
    assert container(plan)["command"] == [
        *("mlops-charts", "serve", "/model", "--protocol=v2"),
        *("--http-port=9000", "--grpc-port=9500", "--metrics-port=6000"),
        *("--batch-size=32", "--batch-delay=3ms", "--timeout=2s", "--non-finite=missing", "--drift-window=1h"),
    ]


def test_request_log_is_asked_for_only_where_it_is_kept() -> None:
    """Keeping requests needs the storage: its keys and its address, and none of them otherwise."""
    kept, dropped = container(plan_of({"requestLog": {"sample": 0.1}})), container(plan_of())
    assert "--request-log-sample=0.1" in kept["command"]
    assert not any("request-log" in part for part in dropped["command"])
    assert {one["name"] for one in kept["env"]} - {one["name"] for one in dropped["env"]} == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }


def test_ports_are_three_numbers_with_their_protocol() -> None:
    """Seldon tells ports apart by number and protocol, and a default in an atomic list differs for ever."""
    assert container(plan_of())["ports"] == [
        {"name": "http", "containerPort": contract.HTTP_PORT, "protocol": "TCP"},
        {"name": "grpc", "containerPort": contract.GRPC_PORT, "protocol": "TCP"},
        {"name": "metrics", "containerPort": contract.METRICS_PORT, "protocol": "TCP"},
    ]


def test_wrapper_runs_behind_the_executor() -> None:
    """The executor has limits of its own, and the wrapper's own health paths are asked."""
    plan = plan_of({"runtime": "seldon-core", "protocol": "seldon"})
    found = predictors(plan)[0]
    assert (found["annotations"], "svcOrchSpec" in found) == ({"version": "1.1.0"}, True)
    assert container(plan)["command"][0] == "seldon-core-microservice"
    assert container(plan)["readinessProbe"]["httpGet"]["path"] == "/health/status"


@pytest.mark.parametrize(("runtime", "protocol"), [("mlflow", "seldon"), ("mlflow", "v2"), ("sklearn", "seldon")])
def test_seldon_s_mlflow_server_gives_rows_their_names(runtime: str, protocol: str) -> None:
    """Without names a model refuses every row; it is Seldon's own server that must be told, and no other."""
    graph = predictors(plan_of({"runtime": runtime, "protocol": protocol}))[1]["graph"]
    told = {"parameters": [{"name": "xtype", "type": "STRING", "value": "DataFrame"}]}
    asked = told if (runtime, protocol) == ("mlflow", "seldon") else {}
    assert {name: graph[name] for name in graph if name == "parameters"} == asked


@pytest.mark.parametrize(("runtime", "server"), [("sklearn", "SKLEARN_SERVER"), ("mlflow", "MLFLOW_SERVER")])
def test_prepackaged_server_loads_the_release(runtime: str, server: str) -> None:
    """The model's address is the slot's own, the keys come from a Secret."""
    graph = predictors(plan_of({"runtime": runtime, "protocol": "seldon"}))[1]["graph"]
    assert (graph["implementation"], graph["modelUri"]) == (server, NEW.model_uri)
    assert graph["envSecretRefName"] == "s3-credentials-rclone"


def test_image_is_the_slot_s_own() -> None:
    """Each slot runs the image that the release file names."""
    images = [one["componentSpecs"][0]["spec"]["containers"][0]["image"] for one in predictors(plan_of())]
    assert images == [OLD.image, NEW.image]


def test_replicas_have_one_writer() -> None:
    """Fixed replicas stand in the predictor; an autoscaler takes them away from git."""
    fixed = predictors(plan_of(SCALINGS["replicas"]))[0]
    assert (fixed["replicas"], "hpaSpec" in fixed["componentSpecs"][0]) == (3, False)
    by_cpu = predictors(plan_of(SCALINGS["cpu"]))[0]
    assert "replicas" not in by_cpu
    assert by_cpu["componentSpecs"][0]["hpaSpec"]["minReplicas"] == CANARY.blue.min_replicas
    assert by_cpu["componentSpecs"][0]["hpaSpec"]["maxReplicas"] == 9
    by_requests = predictors(plan_of(SCALINGS["requests"]))[0]["componentSpecs"][0]["kedaSpec"]
    assert by_requests["triggers"][0]["metadata"] == {
        "serverAddress": "http://prometheus.monitoring:9090",
        "query": 'sum(rate(mlops_server_requests_total{namespace="iris-staging",model="iris",slot="blue"}[2m]))',
        "threshold": "12.5",
    }


def test_executor_s_requests_are_counted_by_the_executor() -> None:
    """Behind the executor our own server's metric does not exist."""
    keda = predictors(plan_of({"runtime": "seldon-core", **SCALINGS["requests"]}))[1]["componentSpecs"][0]["kedaSpec"]
    query = keda["triggers"][0]["metadata"]["query"]
    assert "seldon_api_executor_server_requests_seconds_count" in query
    assert 'deployment_name="iris",predictor_name="green"' in query


def test_gpus_are_asked_for_as_the_platform_says() -> None:
    """Requests and limits agree, and taints of such nodes are put up with."""
    gpu = {"resource": "nvidia.com/gpu", "tolerations": [{"key": "gpu", "operator": "Exists"}]}
    plan = plan_of({"resources": {"gpu": 2}}, gpu=gpu)
    resources = container(plan)["resources"]
    assert (resources["requests"]["nvidia.com/gpu"], resources["limits"]["nvidia.com/gpu"]) == ("2", "2")
    pod = predictors(plan)[0]["componentSpecs"][0]["spec"]
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]


def test_istio_is_told_by_metadata() -> None:
    """Gateway and host are annotations that Seldon reads and does not copy into pods."""
    state = state_of("settled", "istio", OLD, NEW)
    found = of_kind(manifests(chart_of(plan_of({}, "istio")), state), "SeldonDeployment")[0]
    assert found["metadata"]["annotations"]["seldon.io/istio-gateway"] == "gateways/public"
    assert found["metadata"]["annotations"]["seldon.io/istio-host"] == "iris.staging.example.com"
    assert "annotations" not in found["spec"]


def test_budget_is_one_per_slot() -> None:
    """Two budgets over one pod would keep it from ever being evicted."""
    budgets = of_kind(manifests(chart_of(plan_of()), CANARY), "PodDisruptionBudget")
    assert [one["spec"]["selector"]["matchLabels"] for one in budgets] == [
        {"seldon-app": "iris-blue"},
        {"seldon-app": "iris-green"},
    ]
    old = chart_of(plan_of(kubernetes={"version": "1.26"}))
    assert "unhealthyPodEvictionPolicy" not in of_kind(manifests(old, CANARY), "PodDisruptionBudget")[0]["spec"]


def test_judge_sees_only_its_own_model() -> None:
    """Every rule names its objects and only looks."""
    rules = of_kind(manifests(chart_of(plan_of()), CANARY), "Role")[0]["rules"]
    assert [(rule["resources"], rule["resourceNames"], rule["verbs"]) for rule in rules] == [
        (["deployments"], ["iris-blue-0-model", "iris-green-0-model"], ["get"]),
        (["seldondeployments"], ["iris"], ["get"]),
        (["httproutes"], ["iris"], ["get"]),
    ]


def test_judge_pushes_with_what_the_platform_names() -> None:
    """The places of keys are arguments; secrets are files."""
    git = {"url": "https://git.example.com/m.git", "releaseBranch": "releases", "signingKeySecret": "signing-key"}
    job = of_kind(manifests(chart_of(plan_of(git=git)), CANARY), "CronJob")[0]["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    assert pod["containers"][0]["command"] == [
        *("mlops-charts", "release", "tick", "--spec", "/spec/release.json", "--environment", "staging"),
        *("--credentials", "/secrets/git", "--signing-key", "/secrets/signing"),
    ]
    assert [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one] == [
        "git-credentials",
        "signing-key",
    ]


def test_judge_is_told_all_that_release_commands_know() -> None:
    """A ConfigMap has the spec of releases, is there while the judge is, and is mounted where its command looks."""
    plan = plan_of(git={"url": "https://git.example.com/m.git", "releaseBranch": "releases"})
    found = of_kind(manifests(chart_of(plan), CANARY), "ConfigMap")[0]
    assert found["metadata"]["name"] == "iris-release"
    assert release_spec_of(json.loads(found["data"]["release.json"])) == release_spec(plan)
    job = of_kind(manifests(chart_of(plan), CANARY), "CronJob")[0]["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    assert {"name": "spec", "configMap": {"name": "iris-release"}} in pod["volumes"]
    assert {"name": "spec", "mountPath": "/spec", "readOnly": True} in pod["containers"][0]["volumeMounts"]
    assert of_kind(manifests(chart_of(plan), SETTLED), "ConfigMap") == []


@pytest.mark.parametrize(
    ("ingress", "rule"),
    [
        ("istio", (["networking.istio.io"], ["virtualservices"])),
        ("none", ([""], ["services"])),
    ],
)
def test_judge_may_look_at_whatever_divides_the_traffic(ingress: str, rule: tuple[list[str], list[str]]) -> None:
    """Under Istio that is Seldon's VirtualService, without an ingress our Service; both are named like the model."""
    last = of_kind(manifests(chart_of(plan_of({}, ingress)), SETTLED), "Role")[0]["rules"][-1]
    assert (last["apiGroups"], last["resources"]) == rule
    assert (last["resourceNames"], last["verbs"]) == (["iris"], ["get"])


def test_external_secrets_take_the_place_of_existing_ones() -> None:
    """Each Secret that must exist otherwise has an ExternalSecret instead."""
    existing = plan_of({"runtime": "sklearn"})
    needed = external_secrets_needed(existing, existing.environments[0])
    fetched = plan_of(
        {"runtime": "sklearn"}, secrets={"provider": "external-secrets", "store": "vault", "prefix": "ml/"}
    )
    found = of_kind(manifests(chart_of(fetched), CANARY), "ExternalSecret")
    assert tuple(one["metadata"]["name"] for one in found) == needed
    assert needed == ("git-credentials", "registry-pull", "s3-credentials", "s3-credentials-rclone")
    assert external_secrets_needed(fetched, fetched.environments[0]) == ()
    keys = {one["metadata"]["name"]: one["spec"]["dataFrom"][0]["extract"]["key"] for one in found}
    assert keys["s3-credentials-rclone"] == "ml/s3-credentials"


def test_users_come_in_through_the_gateway_alone() -> None:
    """Only the gateway, the judge and the test reach the model; only they and Prometheus its metrics."""
    policy = of_kind(manifests(chart_of(plan_of()), CANARY), "NetworkPolicy")[0]["spec"]
    namespaces = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in policy["ingress"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert (policy["policyTypes"], namespaces) == (["Ingress", "Egress"], ["gateways", "monitoring"])
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [53, 53]


@pytest.mark.parametrize(
    ("ingress", "runtime", "clients", "own"),
    [
        ("gatewayApi", "python", [9000], [9000]),
        ("gatewayApi", "seldon-core", [8000], [8000]),
        ("istio", "python", [9000, 9500], [9000]),
        ("none", "seldon-core", [8000, 5001], [8000]),
    ],
)
def test_only_ports_that_something_leads_to_are_open(
    ingress: str, runtime: str, clients: list[int], own: list[int]
) -> None:
    """An HTTPRoute leads to HTTP alone; Istio and the Service also to gRPC; the judge and the test speak HTTP."""
    state = dict(states(ingress))["settled, blue stable"]
    found = of_kind(manifests(chart_of(plan_of({"runtime": runtime}, ingress)), state), "NetworkPolicy")
    rules = next(one for one in found if one["metadata"]["name"] == "iris-server")["spec"]["ingress"]
    assert [[port["port"] for port in rule["ports"]] for rule in rules[:2]] == [clients, own]


def test_serving_pods_reach_what_the_platform_names() -> None:
    """A feature store, behind the names; without it, nothing but the names."""
    plan = plan_of(network={"serving": [{"namespace": "features", "port": 6566}]})
    policy = of_kind(manifests(chart_of(plan), CANARY), "NetworkPolicy")[0]["spec"]
    assert policy["egress"][1:] == [
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "features"}}}],
            "ports": [{"port": 6566, "protocol": "TCP"}],
        }
    ]


@pytest.mark.parametrize(("listener", "expected"), [(None, {}), ("https", {"sectionName": "https"})])
def test_a_route_attaches_to_the_listener_that_the_platform_names(
    listener: str | None, expected: dict[str, str]
) -> None:
    """Without one it attaches to all of them, and the route says nothing of it."""
    plan = plan_of(ingress={"type": "gatewayApi", "gateway": {"listener": listener}})
    (route,) = of_kind(manifests(chart_of(plan), CANARY), "HTTPRoute")
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "gateways"}
    assert route["spec"]["parentRefs"] == [{**parent, **expected}]


def test_every_value_says_what_it_is() -> None:
    """Each entry of values.yaml has a sentence."""
    for runtime, ingress in product(RUNTIMES, INGRESSES):
        for declared in values_of(chart_of(plan_of({"runtime": runtime}, ingress))):
            assert declared.description.endswith("."), declared.path


def test_autoscaling_of_every_environment_counts_without_a_base() -> None:
    """What all environments override is what the chart does, also if model.yaml's own block says nothing of it."""
    scaled = [{"name": name, "overrides": {"serving": SCALINGS["cpu"]}} for name in ("staging", "prod")]
    found = predictors(plan_of({}, environments=scaled))[0]
    assert ("replicas" in found, "hpaSpec" in found["componentSpecs"][0]) == (False, True)


def test_server_watches_what_the_spec_names() -> None:
    """Features that are named stand in the command one by one, and the window is the one of the alerts."""
    monitored = {"drift": {"window": "2h", "features": ["petal width (cm)", "petal length (cm)"]}}
    command = container(plan_of({}, monitoring=monitored))["command"]
    assert [part for part in command if "drift" in part] == [
        "--drift-window=2h",
        "--drift-feature=petal width (cm)",
        "--drift-feature=petal length (cm)",
    ]
