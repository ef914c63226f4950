"""What runs before what: dependencies exist, there is no cycle, and what is consumed has been produced by then.

It must not know what a reference's last parts mean.
"""

from collections.abc import Iterator, Mapping

from mlops_charts.validation.argo.flow import ALWAYS_MET, Call, Template, flows
from mlops_charts.validation.model import Finding, Scope


def order(scope: Scope) -> Iterator[Finding]:
    """Every DAG's dependencies exist and have no cycle; names of tasks and steps are unique."""
    for flow in flows(scope):
        for template in flow.templates.values():
            yield from _unique(template)
            if template.is_dag:
                yield from _dependencies(template)
                yield from _cycles(template)


def predecessors(template: Template) -> Mapping[str, frozenset[str]]:
    """For each call the calls that have ended before it starts; cycles are tolerated."""
    if not template.is_dag:
        rows = [(call.name, call.group) for call in template.calls]
        return {name: frozenset(other for other, row in rows if row < group) for name, group in rows}
    direct = {call.name: {name for name, _ in call.dependencies} for call in template.calls}
    return {name: frozenset(_reachable(name, direct)) for name in direct}


def may_be_skipped(template: Template) -> frozenset[str]:
    """The calls that may never run: they have a condition, or need the success of one that may not run."""
    by_name = {call.name: call for call in template.calls}
    skipped = {call.name for call in template.calls if call.node.at("when").present}
    for _ in by_name:
        more = {name for name, call in by_name.items() if _needs_any(call, skipped)} - skipped
        if not more:
            break
        skipped |= more
    return frozenset(skipped)


def _needs_any(call: Call, skipped: set[str]) -> bool:
    tolerated = {name for name, result in call.dependencies if not result or result in ALWAYS_MET}
    return any(name in skipped and name not in tolerated for name, _ in call.dependencies)


def _reachable(start: str, direct: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    stack = list(direct.get(start, ()))
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(direct.get(name, ()))
    return found


def _unique(template: Template) -> Iterator[Finding]:
    seen: set[str] = set()
    for call in template.calls:
        if call.name in seen:
            message = f'two calls in template "{template.name}" are named "{call.name}"; each name stands once'
            yield call.node.at("name").finding("workflow-dependency", message, "rename one of them")
        seen.add(call.name)


def _dependencies(template: Template) -> Iterator[Finding]:
    names = {call.name for call in template.calls}
    for call in template.calls:
        key = "depends" if call.node.at("depends").present else "dependencies"
        for name, _ in call.dependencies:
            if name not in names:
                message = f'task "{call.name}" waits for "{name}", which is no task of this DAG'
                note = f"tasks here: {', '.join(sorted(names))}"
                yield call.node.at(key).finding("workflow-dependency", message, note)


def _cycles(template: Template) -> Iterator[Finding]:
    before = predecessors(template)
    caught = [name for name, ancestors in before.items() if name in ancestors]
    if caught:
        message = f"the tasks {', '.join(caught)} wait for each other; a DAG has no cycle"
        yield template.node.at("dag", "tasks").finding("workflow-cycle", message, "drop one of the dependencies")
