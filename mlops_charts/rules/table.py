"""The table of rules: each with the top-level blocks that it reads, so that none speaks about what is broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlops_charts.problems import Problem
from mlops_charts.rules import (
    build,
    environments,
    files,
    metadata,
    metrics,
    placement,
    platform_file,
    release,
    release_time,
    requirements,
    serving,
    steps,
    training,
)
from mlops_charts.rules.asked import View
from mlops_charts.rules.cleartext import secrets_in_clear
from mlops_charts.rules.platform_file import AskedPlatform


@dataclass(frozen=True)
class ModelRule:
    """A rule about a model.

    Attributes:
        check: Yields the problems.
        reads: Blocks of model.yaml that it reads.
        reads_platform: Blocks of platform.yaml that it reads.
        each_environment: Whether it also runs on the model as each environment has it.
    """

    check: Callable[[View], Iterator[Problem]]
    reads: frozenset[str]
    reads_platform: frozenset[str] = frozenset()
    each_environment: bool = False


@dataclass(frozen=True)
class PlatformRule:
    """A rule about a platform, and the blocks of platform.yaml that it reads."""

    check: Callable[[AskedPlatform], Iterator[Problem]]
    reads: frozenset[str]


def _model(check: Callable[[View], Iterator[Problem]], *reads: str, platform: tuple[str, ...] = ()) -> ModelRule:
    return ModelRule(check, frozenset(reads), frozenset(platform))


def _each(check: Callable[[View], Iterator[Problem]], *reads: str, platform: tuple[str, ...] = ()) -> ModelRule:
    return ModelRule(check, frozenset(reads), frozenset(platform), each_environment=True)


def _platform(check: Callable[[AskedPlatform], Iterator[Problem]], *reads: str) -> PlatformRule:
    return PlatformRule(check, frozenset(reads))


def model_secrets(view: View) -> Iterator[Problem]:
    """No secret stands in model.yaml."""
    yield from secrets_in_clear(view.asked.source)


MODEL_RULES: tuple[ModelRule, ...] = (
    _model(metadata.folder_name, "metadata"),
    _model(metadata.labels, "metadata"),
    _model(metadata.annotations, "metadata"),
    _model(metadata.node_selector, "training"),
    _model(placement.tolerations, "training"),
    _model(placement.affinity, "training"),
    _model(model_secrets),
    _model(files.readable),
    _model(files.names),
    _model(files.entrypoints, "training", "validation", "serving"),
    _model(files.data_file, "training"),
    _model(files.requirements_file, "training"),
    _model(requirements.requirement_pins, "training"),
    _model(files.source_size, "training"),
    _model(training.image_or_requirements, "training"),
    _model(training.packages_reached, "training", platform=("network",)),
    _model(training.retry_memory, "training"),
    _model(training.search_parallel, "training"),
    _model(training.search_space, "training"),
    _model(training.split_column, "training"),
    _model(training.split_stratified, "training"),
    _model(training.target_excluded, "training"),
    _model(training.schedule, "training"),
    _model(training.pickle_allowed, "training"),
    _model(training.variables, "training"),
    _model(metrics.search_metric, "training", "validation"),
    _model(metrics.gate_metrics, "training", "validation"),
    _model(metrics.champion_metric, "training", "validation"),
    _model(metrics.gate_class, "training", "validation"),
    _model(metrics.gate_bounds, "validation"),
    _model(metrics.gate_reach, "validation"),
    _model(metrics.duplicate_gates, "validation"),
    _model(metrics.no_gates, "validation"),
    _model(steps.step_names, "pipeline"),
    _model(steps.step_place, "pipeline", "training", "build"),
    _model(steps.step_cycle, "pipeline"),
    _model(steps.step_inputs, "pipeline", "training", "build"),
    _model(steps.step_artifacts, "pipeline"),
    _model(build.sign_secret, "build"),
    _model(build.provenance_signed, "build"),
    _model(serving.request_log_unused, "serving", "environments"),
    _model(serving.runtime_fits, "serving", "training"),
    _model(serving.runtime_protocol, "serving"),
    _model(environments.known, "environments", platform=("environments",)),
    _model(environments.unique, "environments"),
    _each(serving.replicas_or_autoscaling, "serving"),
    _each(serving.override_of_autoscaling, "serving"),
    _each(serving.autoscaling_range, "serving"),
    _each(serving.autoscaling_target, "serving"),
    _each(serving.autoscaling_keda, "serving", platform=("keda",)),
    _each(serving.batching_delay, "serving"),
    _each(serving.unused_by_runtime, "serving", "monitoring"),
    _each(serving.latency_objective, "serving", "monitoring"),
    _each(release.steps_rise, "release"),
    _each(release.ab_test_block, "release"),
    _each(release.ingress_divides, "release", platform=("ingress",)),
    _each(release.ab_test_business, "release"),
    _each(release.check_fields, "release"),
    _each(release.margin_resolution, "release", "serving"),
    _each(release.drift_measured, "release", "serving"),
    _each(release.business_slot, "release"),
    _each(release.duplicate_checks, "release"),
    _each(release.no_checks, "release"),
    _each(release_time.time_enough, "release"),
    _model(release_time.decidable, "release", "serving", "environments"),
)

PLATFORM_RULES: tuple[PlatformRule, ...] = (
    _platform(platform_file.peers, "network"),
    _platform(platform_file.unreachable, "network"),
    _platform(platform_file.freezes, "environments"),
    _platform(platform_file.secret_store, "secrets"),
    _platform(platform_file.namespace_patterns, "pipeline", "environments"),
    _platform(platform_file.namespaces_differ, "pipeline", "environments"),
    _platform(platform_file.host_pattern, "ingress", "environments"),
    _platform(platform_file.trivy_version, "images"),
    _platform(platform_file.projects_differ, "argocd"),
    _platform(platform_file.release_branch, "git"),
    _platform(platform_file.platform_labels, "prometheus", "serviceAccounts"),
    _platform(platform_file.quotas, "quotas"),
    _platform(placement.gpu_tolerations, "gpu"),
    _platform(platform_file.platform_secrets),
)
