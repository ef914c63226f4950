"""What releases on this machine change of a plan: which environments there are, and by which policy they go.

Pure. A machine has no nights to wait for: intervals are seconds and bakes are none, so that decisions wait for samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Final

from mlops_charts.assemble import Rendering
from mlops_charts.errors import NotFound
from mlops_charts.planning import EnvironmentPlan, Plan
from mlops_charts.problems import nearest
from mlops_charts.spec.operation import Check

RATE: Final = 600.0  # requests per second that are replayed
INTERVAL: Final = 8  # seconds in which a version that is no worse than admitted can show it ahead of being taken back
SLOWER: Final = 8.0  # times as long as the other version may take, where they share processors with all else
LONGEST: Final = 600  # seconds after which a release that is still undecided is rolled back
_NOW: Final = "1ms"  # a duration is more than nothing


def chosen(plan: Plan, names: Sequence[str]) -> tuple[str, ...]:
    """Return the environments of a plan that are released to here, in the order of promotion.

    Args:
        plan: The plan.
        names: What was asked; nothing for the first one, `all` for all.

    Raises:
        NotFound: The model is not served in one of them.
    """
    known = [environment.name for environment in plan.environments]
    for name in names:
        if name not in known and name != "all":
            meant = nearest(name, known)
            hint = f'; did you mean "{meant}"?' if meant else ""
            raise NotFound(f'no environment "{name}"{hint}; {plan.model} is served in {", ".join(known)}')
    if not names:
        return (known[0],)
    return tuple(name for name in known if name in names or "all" in names)


def on_this_machine(rendering: Rendering, names: Sequence[str]) -> Rendering:
    """Return a rendering as releases here need it: some environments, one pod a version, nothing to wait for."""
    plan = rendering.plan
    environments = tuple(_here(environment) for environment in plan.environments if environment.name in names)
    return replace(rendering, plan=replace(plan, environments=environments))


def _here(environment: EnvironmentPlan) -> EnvironmentPlan:
    spec = environment.spec
    now = {
        "interval": f"{INTERVAL}s",
        "bake": _NOW,
        "expected_requests_per_second": RATE,
        "max_duration": f"{LONGEST}s",
    }
    laid = {
        "serving": spec.serving.model_copy(update={"replicas": 1, "autoscaling": None}),
        "release": spec.release.model_copy(update=now),
    }
    return replace(
        environment,
        spec=spec.model_copy(update=laid),
        checks=tuple(_widened(check) for check in environment.checks if check.metric != "business"),
        max_duration_seconds=LONGEST,
        freeze=(),
    )


def _widened(check: Check) -> Check:
    """Return a check with a margin that the noise of one machine does not reach."""
    if check.metric != "latency":
        return check
    return check.model_copy(update={"max_ratio": max(check.max_ratio or 0.0, SLOWER)})


def left_out(plan: Plan, environment: str) -> tuple[str, ...]:
    """Return what releases here do otherwise than in the cluster, a line each, for those who read the report.

    Args:
        plan: The plan as it is for the cluster.
        environment: The environment.
    """
    found = plan.environment(environment)
    release, lines = found.spec.release, []
    lines.append(
        f"the interval is {INTERVAL} s here and not {release.interval}, and nothing bakes ({release.bake}): decisions "
        f"wait for samples, of {RATE:g} requests a second that are replayed from the data"
    )
    business = [check.name or "" for check in found.checks if check.metric == "business"]
    if business:
        lines.append(f"business checks ({', '.join(business)}) are not made: their figures are in Prometheus")
    narrow = [
        check.max_ratio for check in found.checks if check.metric == "latency" and (check.max_ratio or 0) < SLOWER
    ]
    if narrow:
        lines.append(
            f"latency may be {SLOWER:g} times as long, and not {narrow[0]:g}: both versions share the processors of "
            "this machine with the gateway, the judge and whoever asks"
        )
    if found.spec.serving.autoscaling or found.spec.serving.replicas > 1:
        lines.append("each version has one pod")
    if found.freeze:
        lines.append("freezes do not hold here")
    others = [one.name for one in plan.environments if one.name != environment]
    if others:
        lines.append(f"other environments of this model: {', '.join(others)} (--environment)")
    return tuple(lines)


def hindrance(plan: Plan) -> str:
    """Return why releases cannot be carried out on this machine; empty where they can."""
    if plan.platform.ingress.type != "gatewayApi":
        return f"ingress {plan.platform.ingress.type} needs the cluster: traffic is divided here by gatewayApi alone"
    if plan.spec.serving.runtime != "python":
        return f"the runtime {plan.spec.serving.runtime} is measured by Seldon's executor, which is not here"
    if any(find_spec(name) is None for name in ("granian", "orjson")):
        return "the model server is not installed: pip install 'mlops-charts[serve]'"
    return ""
