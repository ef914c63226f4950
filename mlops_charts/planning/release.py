"""What release commands are told: the policy of each environment, and where everything is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from mlops_charts.planning.model import EnvironmentPlan, Plan
from mlops_charts.release.asked import Freeze, Place, ReleaseSpec, Repository
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.state import SLOTS
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.operation import Check
from mlops_charts.spec.scalars import seconds


def policy_of(environment: EnvironmentPlan) -> Policy:
    """Return by what a release that starts now in an environment is carried out and judged."""
    return policy_asked(environment.spec, environment.checks)


def policy_asked(spec: ModelSpec, checks: Iterable[Check]) -> Policy:
    """Return by what a release of a model is carried out and judged.

    Args:
        spec: The model, as the environment has it.
        checks: What is compared, every margin decided.
    """
    asked, experiment = spec.release, spec.release.ab_test
    return Policy(
        strategy=asked.strategy,
        steps=asked.steps if asked.strategy == "canary" else (),
        interval_seconds=seconds(asked.interval),
        bake_seconds=seconds(asked.bake),
        max_duration_seconds=int(seconds(asked.max_duration)),
        confidence=asked.analysis.confidence,
        power=asked.analysis.power,
        expected_requests_per_second=asked.expected_requests_per_second,
        on_no_data=asked.on_no_data,
        checks=tuple(PolicyCheck.model_validate(check.model_dump(by_alias=True)) for check in checks),
        header=experiment.header if experiment else "",
        value=experiment.value if experiment else "",
        executor=spec.serving.runtime != "python",
    )


def release_spec(plan: Plan) -> ReleaseSpec:
    """Return all that release commands know of a model."""
    platform, serving = plan.platform, plan.spec.serving
    git, first = platform.git, plan.environments[0]
    return ReleaseSpec(
        model=plan.model,
        registered_model=plan.pipeline.registered_model,
        tracking_uri=platform.mlflow.tracking_uri,
        ingress=platform.ingress.type,
        prometheus=platform.prometheus.url or "",
        runtime=serving.runtime,
        protocol=serving.protocol,
        executor=first.executor,
        deployments={slot: plan.names.predictor_deployment(slot) for slot in SLOTS},
        services={slot: plan.names.predictor_service(slot) for slot in SLOTS},
        service_port=first.service_port,
        route=plan.model if platform.ingress.type == "gatewayApi" else "",
        repository=Repository(
            url=git.url,
            branch=git.release_branch or git.branch,
            folder=str(PurePosixPath(git.path, "charts", plan.model, "serving")),
        ),
        environments=tuple(_place(plan, environment) for environment in plan.environments),
    )


def _place(plan: Plan, environment: EnvironmentPlan) -> Place:
    serving = environment.spec.serving
    return Place(
        name=environment.name,
        namespace=environment.namespace,
        policy=policy_of(environment),
        approval=plan.spec.validation.approval == "manual",
        freeze=tuple(Freeze(from_=one.from_, to=one.to) for one in environment.freeze),
        autoscaled=serving.autoscaling is not None,
        replicas=serving.autoscaling.min if serving.autoscaling else serving.replicas,
    )
