"""What Argo refuses in how things run: calls, repetition, conditions on results, schedules, clean-up, metrics.

It must not know any template's pods.
"""

import re
from collections.abc import Iterator

from mlops_charts.validation.argo.flow import FAN_OUT, Call, Flow, Template, flows
from mlops_charts.validation.argo.forms import duration, is_variable, refused
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind

POD_GC = ("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
CONCURRENCY = ("Allow", "Forbid", "Replace")
OF_ITEMS = frozenset({"AnySucceeded", "AllFailed"})
RESULTS = frozenset({"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned"}) | OF_ITEMS
METRICS = ("counter", "gauge", "histogram")

_TASK = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]{0,127}")
_METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Minute, hour, day, month and weekday, or one of the names that stand for all five.
_CRON = re.compile(r"(@\w+( \S+)?)|((TZ|CRON_TZ)=\S+ )?(\S+ ){4}\S+")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def runs(scope: Scope) -> Iterator[Finding]:
    """Calls, schedules, clean-up and metrics are such as Argo takes."""
    for flow in flows(scope):
        yield from _clean_up(flow)
        yield from _metrics(flow.spec.at("metrics", "prometheus"))
        for template in flow.templates.values():
            yield from _metrics(template.node.at("metrics", "prometheus"))
            yield from _target(template)
            depends = any(call.node.at("depends").present for call in template.calls)
            for call in template.calls:
                yield from _call(template, call, depends=depends)
    for node in of_kind(scope, "CronWorkflow"):
        yield from _schedule(node.at("spec"))


def _call(template: Template, call: Call, *, depends: bool) -> Iterator[Finding]:
    node, name = call.node, call.name
    digit = name[:1].isdigit() and (depends or call.dependencies)
    if (not _TASK.fullmatch(name) and not is_variable(name)) or digit:
        yield refused(node.at("name"), f'"{name}" is no name of a task', "letters, digits and hyphens, a letter first")
    if node.at("templateRef").present and node.at("template").present:
        yield refused(node.at("template"), f'"{name}" names a template and a templateRef', "keep one of them")
    if depends:
        for key in ("dependencies", "continueOn"):
            if node.at(key).present:
                note = "say it in depends, as in train.Succeeded || train.Failed"
                yield refused(node.at(key), f"{key} stands in a DAG that uses depends", note)
    yield from _results(template, call)
    yield from _fan_out(node)
    yield from _arguments(node.at("arguments", "parameters"))
    for artifact in node.at("arguments", "artifacts").items():
        if artifact.at("from").present and artifact.at("fromExpression").present:
            message = f'the artifact "{artifact.name}" comes from two places'
            yield refused(artifact.at("fromExpression"), message, "keep from or fromExpression")


def _results(template: Template, call: Call) -> Iterator[Finding]:
    by_name = {other.name: other for other in template.calls}
    for name, result in call.dependencies:
        other = by_name.get(name)
        if result and result not in RESULTS:
            note = f"results are: {', '.join(sorted(RESULTS))}"
            yield refused(call.node.at("depends"), f'"{name}" has no result "{result}"', note)
        elif result in OF_ITEMS and other is not None and not other.fans_out:
            note = f"write {name}.Succeeded or {name}.Failed"
            yield refused(call.node.at("depends"), f'"{name}" runs over no items, so nothing is {result}', note)


def _fan_out(node: Node) -> Iterator[Finding]:
    ways = [key for key in FAN_OUT if node.at(key).present]
    if len(ways) > 1:
        yield refused(node.at(ways[1]), f'"{node.name}" runs over {" and ".join(ways)}', "keep one of them")
    sequence = node.at("withSequence")
    if sequence.at("count").present and sequence.at("end").present:
        yield refused(sequence.at("end"), "a sequence has a count or an end, not both", "drop one of them")


def _arguments(parameters: Node) -> Iterator[Finding]:
    for parameter in parameters.items():
        source = parameter.at("valueFrom")
        if source.present and not any(source.at(key).present for key in ("configMapKeyRef", "supplied", "event")):
            message = f'the argument "{parameter.name}" is taken from where only an output can be taken from'
            yield refused(source, message, "write value, or valueFrom.configMapKeyRef")


def _target(template: Template) -> Iterator[Finding]:
    target = template.node.at("dag", "target")
    known = {call.name for call in template.calls}
    for name in () if is_variable(target.text) else target.text.split():
        if name not in known:
            yield refused(target, f'the target "{name}" is no task of this DAG', f"tasks: {', '.join(sorted(known))}")


def _clean_up(flow: Flow) -> Iterator[Finding]:
    strategy = flow.spec.at("podGC", "strategy")
    if strategy.text and strategy.text not in POD_GC:
        yield refused(strategy, f'there is no podGC strategy "{strategy.text}"', f"choose one of: {', '.join(POD_GC)}")
    yield from duration(flow.spec.at("podGC", "deleteDelayDuration"))


def _metrics(metrics: Node) -> Iterator[Finding]:
    for metric in metrics.items():
        for named in (metric.at("name"), *(label.at("key") for label in metric.at("labels").items())):
            if not _METRIC.fullmatch(named.text):
                yield refused(named, f'"{named.text}" is no name of a metric or label', "letters, digits, underscores")
        if not metric.at("help").text:
            yield refused(metric.at("help"), f'the metric "{metric.name}" has no help', "say what it counts")
        kinds = [kind for kind in METRICS if metric.at(kind).present]
        if len(kinds) != 1 or not metric.at(kinds[0], "value").text:
            message = f'the metric "{metric.name}" has {" and ".join(kinds) or "no kind"}, or no value'
            yield refused(metric, message, f"give one of {', '.join(METRICS)}, with its value as text")


def _schedule(spec: Node) -> Iterator[Finding]:
    schedules = list(spec.at("schedules").items())
    if not schedules:
        yield refused(spec.at("schedules"), "a CronWorkflow without a schedule never runs", "name one")
    for schedule in schedules:
        if not is_schedule(schedule.text):
            yield refused(schedule, f'"{schedule.text}" is no schedule', "write minute hour day month weekday")
    zone = spec.at("timezone")
    if zone.text and not _is_zone(zone.text):
        yield refused(zone, f'there is no time zone "{zone.text}"', "write one like Europe/Berlin")
    policy = spec.at("concurrencyPolicy")
    if policy.text and policy.text not in CONCURRENCY:
        message = f'there is no concurrencyPolicy "{policy.text}"'
        yield refused(policy, message, f"choose one of: {', '.join(CONCURRENCY)}")
    deadline = spec.at("startingDeadlineSeconds")
    if isinstance(deadline.value, int) and deadline.value < 0:
        yield refused(deadline, f"startingDeadlineSeconds is {deadline.value}", "write a number from 0")


def is_schedule(text: str) -> bool:
    """Whether the text has a schedule's fields, each number of them within its bounds."""
    if not _CRON.fullmatch(text):
        return False
    fields = () if text.startswith("@") else text.split()[-5:]
    bounded = zip(fields, _BOUNDS, strict=False)
    return all(low <= int(number) <= high for field, (low, high) in bounded for number in _plain(field))


def _plain(field: str) -> list[str]:
    """Return the numbers of a field that are times, not steps."""
    return re.findall(r"\d+", re.sub(r"/\d+", "", field))


def _is_zone(name: str) -> bool:
    import zoneinfo  # noqa: PLC0415 - only for what has a schedule

    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
