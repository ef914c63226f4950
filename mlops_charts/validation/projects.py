"""Applications against each other and against their AppProjects: every name, destination and kind is admitted once.

It must not know how an Application syncs.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mlops_charts.validation.applications import applications, is_root, scopes_of, sources
from mlops_charts.validation.model import Finding, Rendered, Scope
from mlops_charts.validation.nodes import Node, group, is_chart_test, label, root

CLUSTER_KINDS = frozenset(
    {
        *("Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass", "PriorityClass"),
        *("CustomResourceDefinition", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
        *("ClusterSecretStore", "ClusterExternalSecret", "ClusterWorkflowTemplate", "IngressClass", "GatewayClass"),
        *("RuntimeClass", "APIService", "CSIDriver", "ValidatingAdmissionPolicy", "ClusterTriggerAuthentication"),
    }
)


def admissions(scopes: Sequence[Scope], apps: Sequence[Rendered]) -> Iterator[Finding]:
    """The AppProject of each Application admits its repository, its destination and every kind it renders."""
    projects = {rendered.name: root(rendered) for rendered in apps if rendered.kind == "AppProject"}
    for application in applications(apps):
        named = application.at("spec", "project")
        project = projects.get(named.text)
        if project is None:
            note = f"projects here: {', '.join(projects) or 'none'}"
            yield named.finding("application-project", f'there is no AppProject "{named.text}"', note)
            continue
        yield from _sources(application, project)
        yield from _destination(application, project)
        yield from _kinds(project, _rendered(application, scopes, apps))
        yield from _created_namespace(application, project)
    for project in projects.values():
        yield from _too_wide(project)


def unique(scopes: Sequence[Scope], apps: Sequence[Rendered]) -> Iterator[Finding]:
    """No two Applications have one name, and no object belongs to two of them."""
    names: dict[tuple[str, str], Rendered] = {}
    owners: dict[tuple[str, ...], Node] = {}
    for application in applications(apps):
        key = (application.at("metadata", "namespace").text, application.object.name)
        first = names.setdefault(key, application.object)
        if first is not application.object:
            message = f'the Application "{key[1]}" stands in {first.file} as well; names are unique in the fleet'
            node = application.at("metadata", "name")
            yield node.finding("duplicate-application", message, "rename the model or the environment")
        yield from _shared(application, scopes_of(application, scopes), owners)


def _shared(application: Node, scopes: Sequence[Scope], owners: dict[tuple[str, ...], Node]) -> Iterator[Finding]:
    destination = application.at("spec", "destination")
    cluster = destination.at("server").text or destination.at("name").text
    told: set[tuple[str, ...]] = set()
    for rendered, namespace in ((one, scope.namespace) for scope in scopes for one in scope.objects):
        key = (cluster, _namespace_of(rendered, namespace), group(rendered), rendered.kind, rendered.name)
        owner = owners.setdefault(key, application)
        if owner.object is not application.object and key not in told and not is_chart_test(rendered):
            told.add(key)
            message = f'{label(rendered)} belongs to the Applications "{owner.object.name}" and'
            message += f' "{application.object.name}", which undo each other'
            yield root(rendered).at("metadata", "name").finding("shared-object", message, "give it another namespace")


def _namespace_of(rendered: Rendered, default: str) -> str:
    if rendered.kind in CLUSTER_KINDS:
        return ""
    return root(rendered).at("metadata", "namespace").text or default


def _rendered(application: Node, scopes: Sequence[Scope], apps: Sequence[Rendered]) -> Iterator[Rendered]:
    if is_root(application):
        folder = next((source.at("path").text.strip("/") for source in sources(application)), "")
        children = (one for one in apps if "/bootstrap/" not in f"/{one.file}")
        yield from (one for one in children if not folder or f"/{folder}/" in f"/{one.file}")
    for scope in scopes_of(application, scopes):
        yield from (rendered for rendered in scope.objects if not is_chart_test(rendered))


def _sources(application: Node, project: Node) -> Iterator[Finding]:
    globs = [item.text for item in project.at("spec", "sourceRepos").items()]
    for source in sources(application):
        if not _admitted(source.at("repoURL").text, globs):
            message = f'AppProject "{project.object.name}" does not admit the repository {source.at("repoURL").text}'
            yield source.at("repoURL").finding("project-source", message, "add it to sourceRepos")


def _admitted(text: str, globs: Sequence[str]) -> bool:
    if any(fnmatchcase(text, one[1:]) for one in globs if one.startswith("!")):
        return False
    return any(fnmatchcase(text, one) for one in globs if not one.startswith("!"))


def _destination(application: Node, project: Node) -> Iterator[Finding]:
    wanted = application.at("spec", "destination")
    if not any(_fits(wanted.mapping, item.mapping) for item in project.at("spec", "destinations").items()):
        where = f"{wanted.at('server').text or wanted.at('name').text}, namespace {wanted.at('namespace').text}"
        message = f'AppProject "{project.object.name}" does not admit the destination {where}'
        yield wanted.finding("project-destination", message, "add it to spec.destinations of the AppProject")


def _fits(wanted: Mapping[str, Any], admitted: Mapping[str, Any]) -> bool:
    key = "server" if wanted.get("server") else "name"
    cluster = fnmatchcase(str(wanted.get(key) or ""), str(admitted.get(key) or "-"))
    return cluster and fnmatchcase(str(wanted.get("namespace") or ""), str(admitted.get("namespace") or ""))


def _kinds(project: Node, objects: Iterator[Rendered]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for rendered in objects:
        key = (group(rendered), rendered.kind)
        if key not in told and not _admits(project, rendered):
            told.add(key)
            place = "clusterResourceWhitelist" if rendered.kind in CLUSTER_KINDS else "namespaceResourceWhitelist"
            shown = f"{key[0] or 'core'}/{key[1]}"
            message = f'AppProject "{project.object.name}" does not admit the kind {shown} of {label(rendered)}'
            node = root(rendered).at("kind")
            note = f"add it to {place} of the AppProject; a generator of yours names it in its kinds"
            yield node.finding("project-kind", message, note)


def _admits(project: Node, rendered: Rendered) -> bool:
    spec = project.at("spec")
    if rendered.kind in CLUSTER_KINDS:
        return _listed(spec.at("clusterResourceWhitelist"), rendered, rendered.name)
    whitelist, blacklist = spec.at("namespaceResourceWhitelist"), spec.at("namespaceResourceBlacklist")
    allowed = not whitelist.present or _listed(whitelist, rendered, rendered.name)
    return allowed and not _listed(blacklist, rendered, rendered.name)


def _listed(entries: Node, rendered: Rendered, name: str) -> bool:
    key = (group(rendered), rendered.kind)
    return any(_entry_fits(entry, *key, name) for entry in entries.items())


def _entry_fits(entry: Node, api_group: str, kind: str, name: str) -> bool:
    glob = entry.name or "*"
    fits = fnmatchcase(api_group, entry.at("group").text) and fnmatchcase(kind, entry.at("kind").text)
    return fits and fnmatchcase(name, glob)


def _created_namespace(application: Node, project: Node) -> Iterator[Finding]:
    options = application.at("spec", "syncPolicy", "syncOptions")
    if not any(item.text == "CreateNamespace=true" for item in options.items()):
        return
    namespace = application.at("spec", "destination", "namespace")
    whitelist = project.at("spec", "clusterResourceWhitelist")
    if not any(_entry_fits(entry, "", "Namespace", namespace.text) for entry in whitelist.items()):
        message = f'AppProject "{project.object.name}" does not admit creating the namespace {namespace.text}'
        note = "add {group: '', kind: Namespace, name: <pattern>} to clusterResourceWhitelist"
        yield namespace.finding("project-kind", message, note)


def _too_wide(project: Node) -> Iterator[Finding]:
    spec, note = project.at("spec"), "name what is really used: a project is the fence of its Applications"
    for item in spec.at("sourceRepos").items():
        if item.text == "*":
            yield item.finding("project-wildcard", "the project admits every repository", note)
    for item in spec.at("destinations").items():
        if item.at("namespace").text == "*":
            yield item.at("namespace").finding("project-wildcard", "the project admits every namespace", note)
    for key in ("clusterResourceWhitelist", "namespaceResourceWhitelist"):
        for entry in spec.at(key).items():
            if "*" in {entry.at("group").text, entry.at("kind").text}:
                yield entry.finding("project-wildcard", f"{key} admits whole groups by *", note)
            elif entry.at("kind").text == "Namespace" and entry.name in {"", "*"}:
                yield entry.finding("project-wildcard", "the project may create any Namespace", note)
