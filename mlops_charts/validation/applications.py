"""The Applications of the fleet: what each must say so that a commit reaches the cluster, whole and in time.

It must not know what the charts render; `projects` beside it holds them against each other.
"""

import re
from collections.abc import Iterator, Sequence

from mlops_charts.validation.model import Finding, Rendered, Scope
from mlops_charts.validation.nodes import Node, annotation, root

FINALIZER = "resources-finalizer.argocd.argoproj.io"
COMPARE = "argocd.argoproj.io/compare-options"
PATHS = "argocd.argoproj.io/manifest-generate-paths"
OPTIONS = "argocd.argoproj.io/sync-options"
ENFORCE = "pod-security.kubernetes.io/enforce"
CONFIRM = ("Prune=confirm", "Delete=confirm")


def applications(apps: Sequence[Rendered]) -> Iterator[Node]:
    """The Applications among the objects of apps/."""
    return (root(rendered) for rendered in apps if rendered.kind == "Application")


def sources(application: Node) -> Iterator[Node]:
    """The sources of an Application, one or several."""
    if application.at("spec", "source").present:
        yield application.at("spec", "source")
    yield from application.at("spec", "sources").items()


def is_root(application: Node) -> bool:
    """Whether it renders a directory of Applications rather than a chart."""
    return any(source.at("directory").present for source in sources(application))


def scopes_of(application: Node, scopes: Sequence[Scope]) -> list[Scope]:
    """The scopes that an Application renders: those of its namespace and its chart."""
    namespace = application.at("spec", "destination", "namespace").text
    paths = [source.at("path").text.strip("/") for source in sources(application) if source.at("path").text]
    return [scope for scope in scopes if scope.namespace == namespace and _from_chart(scope, paths)]


def _from_chart(scope: Scope, paths: Sequence[str]) -> bool:
    folders = {
        rendered.file.partition("/templates/")[0] for rendered in scope.objects if "/templates/" in rendered.file
    }
    return not folders or any(_ends(path, folder) for path in paths for folder in folders)


def _ends(path: str, folder: str) -> bool:
    return f"/{path}".endswith(f"/{folder}") or f"/{folder}".endswith(f"/{path}")


def application_settings(scopes: Sequence[Scope], apps: Sequence[Rendered]) -> Iterator[Finding]:
    """Every Application syncs by itself, retries with the newest commit, and deletes only what may be deleted."""
    for application in applications(apps):
        yield from _policy(application)
        yield from _ignored(application)
        yield from _finalizer(application)
        if not is_root(application):
            matched = scopes_of(application, scopes)
            yield from _options(application)
            yield from _namespace(application, matched)
            yield from _confirmation(application, matched)


def _policy(application: Node) -> Iterator[Finding]:
    policy = application.at("spec", "syncPolicy")
    for key in ("prune", "selfHeal"):
        if policy.at("automated", key).value is not True:
            message = f"automated.{key} is {policy.at('automated', key).value!r}; it must be true"
            note = "git is the record: what it no longer has goes, what differs is put right"
            yield policy.at("automated", key).finding("application-sync-policy", message, note)
    retry = policy.at("retry")
    if retry.at("refresh").value is not True:
        message = "retry without refresh: true retries the old commit while a rollback waits"
        yield retry.at("refresh").finding("application-sync-policy", message, "set syncPolicy.retry.refresh: true")


def _ignored(application: Node) -> Iterator[Finding]:
    for entry in application.at("spec", "ignoreDifferences").items():
        pointers = [*entry.at("jsonPointers").items(), *entry.at("jqPathExpressions").items()]
        for pointer in pointers:
            if re.search(r"/\d+(/|$)|/predictors|\[|/-(/|$)", pointer.text):
                message = f"{pointer.text} reaches into a list: Argo CD then copies the whole list from the cluster"
                note = "write the field into git instead"
                yield pointer.finding("application-ignore-differences", message, note)
    for source in sources(application):
        ignore = source.at("helm", "ignoreMissingValueFiles")
        if ignore.value is True:
            message = "ignoreMissingValueFiles turns a lost release file into a prune of what serves"
            yield ignore.finding("application-ignore-missing-values", message, "drop it: a missing file is an error")


def _finalizer(application: Node) -> Iterator[Finding]:
    finalizers = application.at("metadata", "finalizers")
    has = any(item.text.startswith(FINALIZER) for item in finalizers.items())
    if is_root(application) and has:
        message = "the root carries a finalizer: deleting it deletes every model"
        yield finalizers.finding("application-finalizer", message, f"drop {FINALIZER}")
    if not is_root(application) and not has:
        message = "without a finalizer, deleting the Application leaves its objects behind"
        yield finalizers.finding("application-finalizer", message, f"add {FINALIZER}")


def _options(application: Node) -> Iterator[Finding]:
    options = application.at("spec", "syncPolicy", "syncOptions")
    texts = {item.text for item in options.items()}
    for wanted in ("ServerSideApply=true", "CreateNamespace=true"):
        if wanted not in texts:
            yield options.finding("application-options", f"syncOptions lacks {wanted}", f"add {wanted}")
    for refused in (*CONFIRM, "PruneLast=true"):
        if refused in texts:
            message = f"{refused} in syncOptions holds every sync"
            note = f"put Prune=confirm,Delete=confirm into the annotation {OPTIONS} of the Application itself"
            yield options.finding("application-options", message, note)
    for key, wanted in ((COMPARE, "ServerSideDiff=true"), (PATHS, "")):
        found = annotation(application.object, key)
        if not found or wanted not in found:
            message = f"the annotation {key} is {found or 'missing'}"
            node = application.at("metadata", "annotations", key)
            yield node.finding("application-options", message, f"set it to {wanted or '.'}")


def _namespace(application: Node, matched: Sequence[Scope]) -> Iterator[Finding]:
    level = application.at("spec", "syncPolicy", "managedNamespaceMetadata", "labels", ENFORCE)
    expected: set[str] = {scope.pod_security for scope in matched} or {level.text}
    if level.text not in expected or not level.text:
        message = f"the namespace's label {ENFORCE} is {level.text or 'missing'}; it must be {' or '.join(expected)}"
        note = "set it under syncPolicy.managedNamespaceMetadata.labels"
        yield level.finding("application-namespace", message, note)


def _confirmation(application: Node, matched: Sequence[Scope]) -> Iterator[Finding]:
    serves = any(rendered.kind == "SeldonDeployment" for scope in matched for rendered in scope.objects)
    by_path = any(source.at("path").text.rstrip("/").endswith("/serving") for source in sources(application))
    found = annotation(application.object, OPTIONS).replace(" ", "").split(",")
    if (serves or by_path) and not set(CONFIRM) <= set(found):
        message = "an Application that serves can be deleted or pruned by one wrong commit"
        node = application.at("metadata", "annotations", OPTIONS)
        yield node.finding("application-confirmation", message, f"set it to {','.join(CONFIRM)}")
