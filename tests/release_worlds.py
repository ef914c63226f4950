"""A whole world for ticks of the judge in tests: a git server, MLflow, a cluster, servers with metrics.

All of it is real but the cluster, for which a server on loopback stands. Traffic is what a test says it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlflow_store import store
from release_clusters import Cluster, objects_of, serving
from release_remotes import bare
from repositories import git
from serving_samples import OLD, plan_of

from mlops_charts import contract
from mlops_charts.planning import Plan, release_spec
from mlops_charts.release import Identity, ReleaseState, nothing_released, release_text, state_of
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.events import Start
from mlops_charts.release.machine import transition
from mlops_charts.release.moves import written
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.repository import Remote
from mlops_charts.release_file import sound_state
from mlops_charts.releasing.here import Here
from mlops_charts.releasing.tick import Asked, Ticked, tick
from mlops_charts.saved_model.example import Example, ExampleAnswers
from mlops_charts.steps.registry import Registry, registry_at

FOLDER = "charts/iris/serving"
EXAMPLE = Example(
    v2={"inputs": [{"name": "size", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.0]}]},
    seldon={"data": {"names": ["size"], "ndarray": [[1.0], [2.0]]}},
    answers=ExampleAnswers(labels=["a", "b"]),
)
ERRORS = PolicyCheck(metric="errorRate", critical=True, max_increase_points=1)
POLICY = Policy(
    strategy="canary",
    steps=(5, 50),
    interval_seconds=0,
    bake_seconds=0,
    max_duration_seconds=3600,
    checks=(ERRORS, PolicyCheck(metric="latency", quantile=0.95, max_ratio=1.2)),
)
LONG_AGO = "2026-01-01T00:00:00Z"
_BOUNDS = (*contract.LATENCY_BUCKETS, float("inf"))


@dataclass
class Served:
    """What one slot has answered so far.

    Attributes:
        version: Its version.
        good: Requests that were answered.
        failed: Requests that were not.
        seconds: How long each took.
        text: What is exposed instead, if anything.
    """

    version: str
    good: int = 0
    failed: int = 0
    seconds: float = 0.01
    text: str | None = None

    def exposed(self, slot: str) -> str:
        """Return its metrics."""
        if self.text is not None:
            return self.text
        own = f'model="iris",slot="{slot}",version="{self.version}"'
        total = self.good + self.failed
        lines = [f'{contract.REQUESTS}{{{own},code="200"}} {self.good}']
        lines += [f'{contract.REQUESTS}{{{own},code="500"}} {self.failed}']
        for bound in _BOUNDS:
            name = "+Inf" if bound == _BOUNDS[-1] else f"{bound:g}"
            reached = total if self.seconds <= bound else 0
            lines.append(f'{contract.REQUEST_DURATION}_bucket{{{own},le="{name}"}} {reached}')
        lines += [f'{contract.PREDICTIONS}{{{own},value="{name}"}} {total // 2}' for name in ("a", "b")]
        return "\n".join(lines) + "\n"


@dataclass
class World:
    """What ticks look at.

    Attributes:
        root: A folder.
        plan: The model.
        cluster: The cluster.
        spec: What the judge is told.
        registry: MLflow.
        new: The version that is released.
        served: By slot, what it has answered.
    """

    root: Path
    plan: Plan
    cluster: Cluster
    spec: ReleaseSpec
    registry: Registry
    new: Identity
    served: dict[str, Served] = field(default_factory=dict)

    @property
    def server(self) -> Path:
        """The bare repository."""
        return self.root / "server.git"

    def state(self, environment: str = "staging") -> ReleaseState:
        """Return what git says."""
        path = self.spec.path(environment)
        return sound_state(git(self.server, "show", f"main:{path}"), path, self.spec)

    def commits(self) -> list[str]:
        """Return the subjects of all commits behind the first, oldest first."""
        return git(self.server, "log", "--reverse", "--format=%s", "main").splitlines()[1:]

    def trailers(self) -> dict[str, str]:
        """Return the trailers of the newest commit."""
        lines = git(self.server, "log", "-1", "--format=%(trailers:only,unfold)", "main").splitlines()
        return dict(line.split(": ", 1) for line in lines if line)

    def sync(self, environment: str = "staging") -> None:
        """Let Argo CD, Kubernetes, Seldon and the gateway make of the cluster what git says."""
        state = self.state(environment)
        self.cluster.objects = objects_of(self.plan, state, namespace=f"iris-{environment}")
        for slot, now in (("blue", state.blue), ("green", state.green)):
            if now.enabled and (slot not in self.served or self.served[slot].version != now.version):
                self.served[slot] = Served(now.version)
            self.cluster.answers |= _answers(slot, now.version)

    def traffic(self, requests: int = 4000, failing: float = 0.0, seconds: float = 0.01) -> None:
        """Let users meet whatever is routed; the new version fails at a rate, and takes its time."""
        state = self.state()
        for slot in ("blue", "green"):
            if (now := state.slot(slot)).routed:  # type: ignore[arg-type]
                bad = now.version == self.new.version
                failed = round(requests * failing) if bad else 0
                self.served[slot].good += requests - failed
                self.served[slot].failed += failed
                self.served[slot].seconds = seconds if bad else 0.01

    def asked(self, environment: str = "staging", **here: Any) -> Asked:
        """Return what a tick is told."""
        places = {
            "api_server": self.cluster.url,
            "services": {slot: f"{self.cluster.url}/serve/{slot}" for slot in ("blue", "green")},
            "metrics": {slot: (f"{self.cluster.url}/metrics/{slot}",) for slot in self.served},
            "journal": self.root / "journal",
        }
        remote = Remote(str(self.server), "main", patience=0.2)
        known = {name: place for name, place in {**places, **here}.items() if place is not None}
        return Asked(self.spec, self.spec.place(environment), remote, Here(**known), {})

    def tick(self, environment: str = "staging", **here: Any) -> Ticked:
        """Look once."""
        return tick(self.asked(environment, **here))

    def begin(self, state: ReleaseState, environment: str = "staging") -> None:
        """Let git say something else, by nobody in particular."""
        from release_remotes import push  # noqa: PLC0415 - a name that tests use too

        push(self.root, {self.spec.path(environment): release_text(state)}, "Begin")
        self.sync(environment)


def started(new: Identity, policy: Policy = POLICY, at: str = "", old: Identity | None = OLD) -> ReleaseState:
    """Return the state in which a release has started: just now, or at another time."""
    before = nothing_released() if old is None else state_of("settled", "gatewayApi", None, old, stable="green")
    return transition(before, Start(new, policy), ingress="gatewayApi", at=at or written(datetime.now(UTC))).state


@contextmanager
def world(
    root: Path,
    *,
    policy: Policy = POLICY,
    environments: Mapping[str, Mapping[str, Any]] | None = None,
    **spec: Any,
) -> Iterator[World]:
    """Yield a world in which version 1.2.0 may be released over 1.1.0, in staging and then in prod.

    Args:
        root: A folder.
        policy: By what releases are carried out.
        environments: By name, what of an environment is otherwise.
        spec: What of the spec is otherwise.
    """
    plan = plan_of({"replicas": 1}, environments=["staging", "prod"])
    tracking = store(root)
    settled = release_text(state_of("settled", "gatewayApi", None, OLD, stable="green"))
    bare(root, {f"{FOLDER}/release-{name}.yaml": settled for name in ("staging", "prod")})
    known = release_spec(plan)
    places = tuple(_place(place, policy, environments or {}) for place in known.environments)
    repository = known.repository.model_copy(update={"url": str(root / "server.git")})
    told = {"repository": repository, "tracking_uri": tracking, "environments": places, **spec}
    registry = registry_at(tracking, "iris", {})
    new = _registered(root, registry)
    with serving(Cluster()) as cluster:
        found = World(root, plan, cluster, known.model_copy(update=told), registry_at(tracking, "iris", {}), new)
        for slot in ("blue", "green"):
            cluster.texts[f"/metrics/{slot}"] = lambda slot=slot: found.served[slot].exposed(slot)  # type: ignore[misc]
        found.sync()
        yield found


def _place(place: Place, policy: Policy, changes: Mapping[str, Mapping[str, Any]]) -> Place:
    return place.model_copy(update={"policy": policy, **changes.get(place.name, {})})


def _registered(root: Path, registry: Registry) -> Identity:
    """Register the version 1.2.0 with its example, as the pipeline does."""
    connection = registry.connection
    connection.ask(lambda client: client.create_registered_model("iris"))
    made = connection.ask(lambda client: client.create_experiment("iris"))
    run = connection.ask(lambda client: client.create_run(made)).info.run_id
    folder = root / "model"
    folder.mkdir()
    (folder / contract.EXAMPLE).write_text(EXAMPLE.model_dump_json(by_alias=True), encoding="utf-8")
    registry.put(run, folder, contract.MODEL_ARTIFACTS)
    registry.register("models", run, {contract.TAG_VERSION: "1.2.0"})
    digest = f"{2:064x}"
    image = f"ghcr.io/acme/iris@sha256:{digest}"
    return Identity(version="1.2.0", image=image, run_id=run, code_digest=digest, data_digest=digest)


def _answers(slot: str, version: str) -> dict[str, Any]:
    """Return what a server of a slot answers to its example, and to who asks whether it is ready."""
    at = f"/serve/{slot}"
    outputs = [{"name": "label", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}]
    return {
        f"{at}/v2/health/ready": {},
        f"{at}/v2/models/iris": {"name": "iris", "versions": [version], "inputs": [{"name": "size"}]},
        f"{at}/v2/models/iris/infer": {"model_name": "iris", "model_version": version, "outputs": outputs},
    }
