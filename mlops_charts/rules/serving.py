"""Rules about what answers the users, and what they are promised."""

from collections.abc import Iterator

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View, stated
from mlops_charts.source import Path
from mlops_charts.spec.scalars import seconds

_SERVING = "serving"


def replicas_or_autoscaling(view: View) -> Iterator[Problem]:
    """The number of pods is fixed or follows the load."""
    path: Path = (*view.override, "serving", "replicas")
    if view.spec.serving.autoscaling is not None and stated(view.asked.source, path):
        note = "remove replicas: autoscaling.min is where it starts"
        yield view.problem(
            "exclusive-fields",
            "replicas and autoscaling cannot stand together",
            (_SERVING, "replicas"),
            note=note,
            key=True,
        )


def override_of_autoscaling(view: View) -> Iterator[Problem]:
    """An environment changes numbers of the autoscaling, never whether there is any."""
    base = view.asked.spec.serving.autoscaling
    if view.override and base is None and view.spec.serving.autoscaling is not None:
        note = "give serving.autoscaling for all environments, and override its numbers here"
        message = "autoscaling in one environment alone"
        yield view.problem("override-autoscaling", message, (_SERVING, "autoscaling"), note=note, key=True)


def autoscaling_range(view: View) -> Iterator[Problem]:
    """There is room between the fewest and the most pods."""
    scaling = view.spec.serving.autoscaling
    if scaling and scaling.min > scaling.max:
        paths: tuple[Path, ...] = ((_SERVING, "autoscaling", "min"), (_SERVING, "autoscaling", "max"))
        yield view.problem(
            "autoscaling-range", f"min {scaling.min} is above max {scaling.max}", *paths, note="min at most max"
        )


def autoscaling_target(view: View) -> Iterator[Problem]:
    """Autoscaling follows exactly one load, and one that the cluster can measure."""
    scaling = view.spec.serving.autoscaling
    if not scaling:
        return
    cpu, rate = (_SERVING, "autoscaling", "cpuPercent"), (_SERVING, "autoscaling", "requestsPerSecond")
    if (scaling.cpu_percent is None) == (scaling.requests_per_second is None):
        found = "none" if scaling.cpu_percent is None else "both"
        message = f"expected exactly one of cpuPercent and requestsPerSecond, found {found}"
        paths = (cpu, rate) if found == "both" else ((_SERVING, "autoscaling"),)
        yield view.problem("autoscaling-target", message, *paths, note="cpuPercent: 70", key=True)


def autoscaling_keda(view: View) -> Iterator[Problem]:
    """Requests per second are followed by KEDA alone."""
    scaling = view.spec.serving.autoscaling
    if scaling and scaling.requests_per_second is not None and not view.asked.platform.keda:
        note = f"keda: true in platform.yaml where it is installed, or cpuPercent{view.asked.without_platform}"
        path: Path = (_SERVING, "autoscaling", "requestsPerSecond")
        yield view.problem(
            "autoscaling-keda",
            f"requests per second need KEDA, which {view.asked.platform_file} does not have",
            path,
            note=note,
            key=True,
        )


def batching_delay(view: View) -> Iterator[Problem]:
    """A request does not wait for others until it times out."""
    serving = view.spec.serving
    if seconds(serving.batching.max_delay) >= seconds(serving.timeout):
        paths: tuple[Path, ...] = ((_SERVING, "batching", "maxDelay"), (_SERVING, "timeout"))
        message = f"a request may wait {serving.batching.max_delay} for others, and times out after {serving.timeout}"
        yield view.problem("batching-delay", message, *paths, note="a maxDelay of some milliseconds")


def request_log_unused(view: View) -> Iterator[Problem]:
    """A log that keeps nothing needs no further words."""
    if any(each.spec.serving.request_log.sample > 0 for each in view.asked.views):
        return
    for field in ("retain", "features"):
        path: Path = (_SERVING, "requestLog", field)
        if view.states(path):
            yield view.problem(
                "request-log-unused",
                f"{field} without effect: sample is 0",
                path,
                note="sample: 0.01 keeps one request in a hundred",
                key=True,
            )


def runtime_fits(view: View) -> Iterator[Problem]:
    """A prepackaged server serves what it was made for, without code of the model's own."""
    serving, training = view.spec.serving, view.spec.training
    if serving.runtime == "sklearn" and training.framework != "sklearn":
        note = "runtime: python serves every framework"
        yield view.problem(
            "runtime-framework",
            f"the runtime sklearn cannot serve a model of {training.framework}",
            (_SERVING, "runtime"),
            note=note,
        )
    if serving.runtime == "sklearn" and training.framework == "sklearn" and not training.allow_pickle:
        note = "training: {allowPickle: true}, or runtime: python, which loads what is stored safely"
        yield view.problem(
            "runtime-pickle",
            "the runtime sklearn loads a pickle, and training.allowPickle does not admit one",
            (_SERVING, "runtime"),
            note=note,
        )
    if serving.runtime in {"sklearn", "mlflow"} and serving.entrypoint:
        note = "runtime: python or seldon-core, or no entrypoint"
        yield view.problem(
            "runtime-entrypoint",
            f"the prepackaged server {serving.runtime} runs no code of yours",
            (_SERVING, "entrypoint"),
            note=note,
            key=True,
        )


def runtime_protocol(view: View) -> Iterator[Problem]:
    """Seldon's Python wrapper speaks Seldon's first protocol alone."""
    if view.spec.serving.runtime == "seldon-core" and view.spec.serving.protocol != "seldon":
        paths: tuple[Path, ...] = ((_SERVING, "protocol"), (_SERVING, "runtime"))
        yield view.problem(
            "runtime-protocol",
            "the runtime seldon-core does not speak the protocol v2",
            *paths,
            note="add protocol: seldon",
        )


def unused_by_runtime(view: View) -> Iterator[Problem]:
    """What only our server does has no effect beside another one."""
    if view.spec.serving.runtime == "python":
        return
    for path in ((_SERVING, "batching"), (_SERVING, "requestLog"), (_SERVING, "nonFinite"), ("monitoring", "drift")):
        if stated(view.asked.source, path) or (view.override and stated(view.asked.source, view.override + path)):
            message = f"without effect: the runtime {view.spec.serving.runtime} has no {path[-1]}"
            yield view.problem("field-unused", message, path, note="runtime: python, or remove it", key=True)


def latency_objective(view: View) -> Iterator[Problem]:
    """What is promised is shorter than what is waited for."""
    objective, timeout = view.spec.monitoring.objectives.latency, view.spec.serving.timeout
    if seconds(objective.max) > seconds(timeout):
        paths: tuple[Path, ...] = (("monitoring", "objectives", "latency", "max"), (_SERVING, "timeout"))
        message = f"promises {objective.max}, and requests time out after {timeout}"
        yield view.problem("latency-objective", message, *paths, note="a max below serving.timeout")
