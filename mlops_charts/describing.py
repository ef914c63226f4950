"""What `plan` says, without the command line: the decisions of a plan as titles and lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

from mlops_charts.capacity.measured import Capacity, UnreadableCapacity, read_capacity
from mlops_charts.capacity.sizing import Demand, Sizing, sizing
from mlops_charts.fleet import rendering_of
from mlops_charts.judge.samples import Baseline, CheckPlan, StagePlan, planned
from mlops_charts.loading import load_model, load_platform
from mlops_charts.planning import EnvironmentPlan, Plan, policy_of
from mlops_charts.problems import Problem, has_errors
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.rendering import what
from mlops_charts.spec.operation import Check
from mlops_charts.spec.scalars import quantity
from mlops_charts.workspace.write import read_text

Carried = Capacity | UnreadableCapacity | None


def plans(paths: Sequence[Path], platform: Path | None = None) -> tuple[list[tuple[Plan, str, Carried]], list[Problem]]:
    """Return the plans of models, and what is wrong with them.

    Each plan stands with what committing its rendering will cause, and with what one pod was measured to carry.
    """
    workspace, files = what(paths, platform)
    loaded_platform, found = load_platform(workspace)
    decided: list[tuple[Plan, str, Carried]] = []
    problems = list(found)
    for file in files:
        loaded = load_model(file, workspace, loaded_platform)
        problems += loaded.problems
        if loaded.model is not None and not has_errors(found):
            plan = rendering_of(loaded.model).plan
            decided.append((plan, _training(plan, workspace.root), _carried(file)))
    return decided, problems


def _carried(file: Path) -> Carried:
    try:
        return read_capacity(file if file.is_dir() else file.parent)
    except UnreadableCapacity as unreadable:
        return unreadable


def _training(plan: Plan, root: Path) -> str:
    """Return whether the Workflow that is rendered on the disk is the planned one."""
    rendered = read_text(root / f"charts/{plan.model}/pipeline/templates/workflow.yaml")
    if rendered is None:
        return "will train for the first time, once it is rendered and committed"
    if f"name: {plan.names.workflow}\n" in rendered:
        return "trains nothing: the rendered Workflow is for this code"
    return "will retrain, once it is rendered and committed: the code has changed"


def described(plan: Plan, training: str, carried: Carried = None) -> Mapping[str, Mapping[str, str]]:
    """Return the decisions as titles and, below each, keys and words."""
    files = "1 file" if len(plan.files) == 1 else f"{len(plan.files)} files"
    model = {
        "code digest": f"{plan.code_digest[:16]}… of {files} and the spec",
        "workflow": plan.names.workflow,
        "training": training,
        "namespace": f"{plan.pipeline.namespace} (Pod Security {plan.pipeline.pod_security})",
        "steps": " -> ".join(plan.pipeline.steps),
        "runtime image": plan.images.runtime,
        "training image": plan.images.training,
        "model image": f"{plan.images.model}:<version>",
        "registered model": plan.pipeline.registered_model,
        "schedule": f"{', '.join(plan.pipeline.schedules)} {plan.pipeline.time_zone}"
        if plan.pipeline.schedules
        else "none",
    }
    environments = {
        f"{plan.model} in {each.name}": {**_environment(plan, each), **_sized(each, carried)}
        for each in plan.environments
    }
    return {plan.model: model, **environments}


def _environment(plan: Plan, environment: EnvironmentPlan) -> dict[str, str]:
    serving, release = environment.spec.serving, environment.spec.release
    scaled = serving.autoscaling
    steps = " -> ".join(f"{step} %" for step in (*release.steps, 100))
    return {
        "namespace": f"{environment.namespace} (Pod Security {environment.pod_security})",
        "cluster": environment.cluster,
        "host": environment.host if plan.platform.ingress.type != "none" else "none",
        "runtime": serving.runtime + (" behind Seldon's executor" if environment.executor else ", no executor"),
        "pods": f"{scaled.min} to {scaled.max} a version, by load" if scaled else f"{serving.replicas} a version",
        "release": f"{release.strategy}: {steps}" if release.strategy == "canary" else release.strategy,
        "judged by": "; ".join(_check(check) for check in environment.checks),
        **_times(policy_of(environment)),
    }


def _times(policy: Policy) -> dict[str, str]:
    """Return how long a release takes from stage to stage, and what its judgement can see."""
    found, longest = planned(policy), _hours(policy.max_duration_seconds)
    if not found.stages:
        promoted = "as soon as it is ready; taken back while it bakes if a critical check fails"
        return {"promoted": promoted, "settled": f"{_hours(found.bake_seconds)} after that"}
    total = _hours(sum(stage.seconds for stage in found.stages))
    return {
        **{stage.title: _stage(stage, policy) for stage in found.stages},
        "promoted": f"after {total} if it is as good; rolled back if undecided after {longest}",
        "settled": f"{_hours(found.bake_seconds)} after that; until then the old version stays warm",
        "can be seen": _seen(policy, found.baseline),
    }


def _stage(stage: StagePlan, policy: Policy) -> str:
    slowest = max(stage.checks, key=lambda one: one.seconds or 0.0, default=None)
    if slowest is None:
        return f"{_hours(stage.seconds)}, the interval; nothing is compared"
    others = ", ".join(f"{one.check} {_needs(one)}" for one in stage.checks if one is not slowest)
    longest = (
        "the interval is longest" if stage.seconds <= policy.interval_seconds else f"{slowest.check} takes longest"
    )
    return f"{_hours(stage.seconds)}, {longest}: {slowest.check} {_needs(slowest)}{f', {others}' if others else ''}"


def _needs(one: CheckPlan) -> str:
    if one.samples is None or one.seconds is None:
        return "is never decided"
    return f"{one.samples:,} samples ({_hours(one.seconds)})"


def _seen(policy: Policy, baseline: Baseline) -> str:
    """Return which differences are told apart, on what is assumed of the version that serves."""
    worse = "; ".join(_difference(check, baseline) for check in policy.checks)
    missed = f"a version as bad as that passes at most {100 * (1 - policy.confidence):.3g} times in 100"
    return f"{worse}; {missed}, an equal one passes a check with these samples in {100 * policy.power:.3g} %"


def _difference(check: PolicyCheck, baseline: Baseline) -> str:
    errors, rate = 100 * baseline.error_rate, 100 * baseline.success_rate
    quantile = NormalDist().inv_cdf(check.quantile or 0.5)
    slow = 1000 * baseline.latency_seconds * math.exp(baseline.latency_sigma * quantile)
    title = check.title.removeprefix("latency ")
    words = {
        "errorRate": f"errors from {errors:g} % to {errors + (check.max_increase_points or 0):g} %",
        "latency": f"{title} from {slow:.3g} ms to {slow * (check.max_ratio or 1):.3g} ms",
        "predictionDrift": f"predictions of a PSI of {check.max_psi or 0:g}",
        "business": f"{check.name} from {rate:g} % to {rate * (1 - (check.max_drop_percent or 0) / 100):.3g} %",
    }
    return words[check.metric]


def _sized(environment: EnvironmentPlan, carried: Carried) -> dict[str, str]:
    """Return what one pod carries, and what follows from it; nothing where nobody has measured."""
    if carried is None:
        return {}
    if isinstance(carried, UnreadableCapacity):
        return {"capacity": str(carried)}
    serving, release = environment.spec.serving, environment.spec.release
    pods = serving.autoscaling.min if serving.autoscaling else serving.replicas
    demand = Demand(release.expected_requests_per_second, float(quantity(serving.resources.cpu)), pods)
    found = sizing(carried, demand)
    promise = f"p{100 * carried.objective.quantile:g} within {1000 * carried.objective.seconds:g} ms"
    if found is None:
        return {"capacity": f"one pod met {promise} at no rate; measure again, or give it more"}
    return {"capacity": _carries(found, promise, carried), **_recommended(found, demand, environment)}


def _carries(found: Sizing, promise: str, carried: Capacity) -> str:
    bound = "as its processor pays for" if found.bound == "cpu" else "as measured"
    return f"{found.per_pod:,.0f} requests/s a pod at {promise}, {bound} ({carried.measured:%Y-%m-%d})"


def _recommended(found: Sizing, demand: Demand, environment: EnvironmentPlan) -> dict[str, str]:
    percent = f", or {found.cpu_percent} % of the processor" if found.cpu_percent else ""
    steps = environment.spec.release.steps
    largest = max(steps) if environment.spec.release.strategy == "canary" else 100
    room = "has room for" if found.largest_step >= largest else f"has room for {found.largest_step} %, short of"
    return {
        "recommended": f"{found.replicas} pods a version for {demand.requests_per_second:g} requests/s; "
        f"the {demand.pods} asked for are used to {_percent(found.used)}",
        "autoscaling": f"{found.replicas} to {found.most} pods at {found.target:,.0f} requests/s a pod{percent}",
        "new version": f"{room} the largest step, {largest} % of the traffic",
    }


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"  # noqa: PLR2004 - of what is printed


def _check(check: Check) -> str:
    words = {
        "errorRate": f"errors at most {check.max_increase_points} points more",
        "latency": f"latency p{100 * (check.quantile or 0):g} at most {check.max_ratio} times",
        "predictionDrift": f"predictions within PSI {check.max_psi}",
        "business": f"{check.name} at most {check.max_drop_percent} % lower",
    }
    return words[check.metric] + (" (critical)" if check.critical else "")


def _hours(length: float) -> str:
    if 0 < length < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{math.ceil(length)}s"
    hours, minutes = divmod(math.ceil(length / 60), 60)
    return f"{hours}h{minutes:02}m" if hours and minutes else f"{hours}h" if hours else f"{minutes}m"
