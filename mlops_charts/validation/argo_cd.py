"""How Argo CD syncs one scope: waves, hooks and options on the objects themselves.

It must not know Applications; those are proven over the fleet.
"""

from collections.abc import Iterator

from mlops_charts.validation.model import Finding, Rendered, Scope
from mlops_charts.validation.nodes import Node, is_chart_test, label, root

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
OPTIONS = "argocd.argoproj.io/sync-options"
HELM_HOOK = "helm.sh/hook"
REFUSED_OPTIONS = {
    "PruneLast=true": "it adds a wave after the last, which waits for a Workflow of hours",
    "Prune=false": "what git no longer has then counts in the health for ever",
    "Prune=confirm": "on a rendered object it stops every release",
    "Replace=true": "it replaces what controllers have written",
    "Force=true": "it deletes and creates what should be changed",
}


def waves(scope: Scope) -> Iterator[Finding]:
    """A Workflow stands alone in the last wave; everything else is in wave 0."""
    synced = [rendered for rendered in scope.objects if not is_chart_test(rendered)]
    for rendered in synced:
        if rendered.kind != "Workflow" and _wave(rendered) != 0:
            message = f"{label(rendered)} is in wave {_shown(rendered)}; only the Workflow leaves wave 0"
            note = "Argo CD waits until every wave but the last is healthy, and skips later commits meanwhile"
            yield _at(rendered).finding("sync-wave", message, note)
    workflows = [rendered for rendered in synced if rendered.kind == "Workflow"]
    for rendered in workflows:
        if (_wave(rendered) or 0) < 1:
            message = f"{label(rendered)} is in wave {_shown(rendered)}; it must stand alone in the last wave, 1"
            yield _at(rendered).finding("sync-wave", message, f'annotate it with {WAVE}: "1"')
    for rendered in workflows[1:]:
        message = f"{label(rendered)} shares the last wave with {label(workflows[0])}; a Workflow stands alone there"
        yield _at(rendered).finding("sync-wave", message, "render one Workflow per Application")


def hooks_and_options(scope: Scope) -> Iterator[Finding]:
    """No Argo CD hook, no Helm hook but test, and no option that breaks pruning."""
    for rendered in scope.objects:
        annotations = root(rendered).at("metadata", "annotations")
        if annotations.at(HOOK).present:
            message = f"{label(rendered)} is a hook of Argo CD, which fires on the wrong commits or not at all"
            yield annotations.at(HOOK).finding("argocd-hook", message, "let a changed name start it: <model>-<digest>")
        if annotations.at(HELM_HOOK).present and not is_chart_test(rendered):
            found = annotations.at(HELM_HOOK).text
            message = (
                f"{label(rendered)} is the Helm hook {found}, which Argo CD turns into its own; test alone is left"
            )
            yield annotations.at(HELM_HOOK).finding("argocd-hook", message, "render it as a plain object")
        for option in _options(annotations.at(OPTIONS).text):
            if option in REFUSED_OPTIONS:
                message = f"the option {option} is refused: {REFUSED_OPTIONS[option]}"
                yield annotations.at(OPTIONS).finding("argocd-sync-option", message, "drop it")


def _options(text: str) -> Iterator[str]:
    return (option.strip() for option in text.split(","))


def _at(rendered: Rendered) -> Node:
    return root(rendered).at("metadata", "annotations", WAVE)


def _shown(rendered: Rendered) -> str:
    return _at(rendered).text or "0"


def _wave(rendered: Rendered) -> int | None:
    try:
        return int(_at(rendered).value or 0)
    except (TypeError, ValueError):
        return None
