"""Names of the whole fleet that two owners would both claim.

Works on names alone, before any model is planned: `a-b` in `c` makes what `a` in `b-c` makes. Knows how names are built
and not what stands in the objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlops_charts.generators.argocd.common import IN_CLUSTER
from mlops_charts.plan import SLOTS, Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlops_charts.spec.platform import PlatformSpec

_STEPS = (
    "guard", "environment", "search", "trial", "train", "validate", "version", "monitor", "build", "image", "scan",
    "sbom", "sign", "provenance", "deploy",
)  # fmt: skip
_SUFFIXES = (
    "dashboard", "server", "test", "steps", "source", "pipeline", "pipeline-default-deny", "pipeline-workflow",
    "pipeline-mlflow",
)  # fmt: skip


class Collision(NamedTuple):
    """One name that two owners claim.

    Attributes:
        name: The name.
        owner_a: Who claims it first, "iris pipeline" or "iris in staging".
        owner_b: Who claims it too.
        what: What is called so: "Application", "namespace", or "object in namespace ml".
    """

    name: str
    owner_a: str
    owner_b: str
    what: str


class _Place(NamedTuple):
    """One chart of one model in one namespace; `own` if the namespace's name carries the model's."""

    model: str
    owner: str
    cluster: str
    namespace: str
    own: bool


def colliding_names(models: Mapping[str, Sequence[str]], platform: PlatformSpec) -> list[Collision]:
    """Return the names that collide in the fleet, sorted.

    Args:
        models: The environments of each model, by its name; none means every environment of the platform.
        platform: The cluster.
    """
    every = {model: tuple(models[model]) or tuple(platform.environments) for model in sorted(models)}
    claims = [*_applications(every, platform), *_namespaces(every, platform), *_objects(every, platform)]
    return sorted(_claimed_twice(claims))


class _Claim(NamedTuple):
    scope: str
    name: str
    owner: str
    what: str


def _claimed_twice(claims: list[_Claim]) -> Iterator[Collision]:
    first: dict[tuple[str, str], str] = {}
    told: set[Collision] = set()
    for claim in claims:
        owner = first.setdefault((claim.scope, claim.name), claim.owner)
        collision = Collision(claim.name, owner, claim.owner, claim.what)
        if owner != claim.owner and collision not in told:
            told.add(collision)
            yield collision


def _applications(models: Mapping[str, Sequence[str]], platform: PlatformSpec) -> Iterator[_Claim]:
    yield _Claim("Application", platform.argocd.bootstrap_project, "the root Application", "Application")
    for model, environments in models.items():
        names = Names(model, "")
        yield _Claim("Application", names.pipeline_application(), f"{model} pipeline", "Application")
        for name in environments:
            yield _Claim("Application", names.serving_application(name), f"{model} in {name}", "Application")


def _places(models: Mapping[str, Sequence[str]], platform: PlatformSpec) -> Iterator[_Place]:
    pattern = platform.pipeline.namespace
    for model, environments in models.items():
        namespace = pattern.format(model=model, environment="pipeline")
        yield _Place(model, f"{model} pipeline", IN_CLUSTER, namespace, "{model}" in pattern)
        for name in environments:
            there = platform.environments.get(name)
            if there is not None:  # an environment that does not exist is reported where it is written
                namespace = there.namespace.format(model=model, environment=name)
                yield _Place(model, f"{model} in {name}", there.cluster, namespace, "{model}" in there.namespace)


def _namespaces(models: Mapping[str, Sequence[str]], platform: PlatformSpec) -> Iterator[_Claim]:
    """Claim namespaces: one with the model in its name is one chart's own; in a shared one each model stands once."""
    places = list(_places(models, platform))
    owned = {(place.cluster, place.namespace) for place in places if place.own}
    for place in places:
        alone = (place.cluster, place.namespace) in owned
        scope = f"namespace of {place.cluster}" if alone else f"namespace of {place.cluster} for {place.model}"
        yield _Claim(scope, place.namespace, place.owner, "namespace")


def _objects(models: Mapping[str, Sequence[str]], platform: PlatformSpec) -> Iterator[_Claim]:
    """Claim the names of objects in namespaces that several models share."""
    fetched = (platform.git.credentials_secret,) if platform.secrets.provider == "external-secrets" else ()
    for place in _places(models, platform):
        if not place.own:
            for name in (*_derived(place.model), *fetched):  # an ExternalSecret has the name of its Secret
                scope = f"objects in {place.namespace} of {place.cluster}"
                yield _Claim(scope, name, place.model, f"object in namespace {place.namespace}")


def _derived(model: str) -> Iterator[str]:
    """Yield the names that a model's objects have, whichever its choices are; digests collide with nothing."""
    names = Names(model, "")
    yield from (names.model, names.cron_workflow, names.spec_config_map, names.judge)
    yield from (names.predictor_service(slot) for slot in SLOTS)
    yield from (names.step_account(step) for step in _STEPS)
    yield from (f"{model}-{suffix}" for suffix in _SUFFIXES)
