"""An HTTPRoute, as rendered, becomes the configuration of a real Envoy, rule for rule as Gateway API v1 has it.

Pure functions from objects to documents; `gateway` writes them where Envoy reads them. Listener and bootstrap stay as
they are; routes, services and their endpoints come from files of their own, which Envoy takes over while it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mlops_charts.errors import MlopsChartsError
from mlops_charts.local.durations import seconds

Manifest = Mapping[str, Any]
Address = tuple[str, int]

ROUTES, SERVICES = "routes.json", "services.json"
LISTENER: Final = "gateway"
_TYPES: Final = "type.googleapis.com/envoy."
_ABSENT: Final = "absent/"  # ahead of the name of a service that does not exist, which no cluster ever has
_EVERYWHERE: Final = {"path": {"type": "PathPrefix", "value": "/"}}
_MILLION: Final = 1_000_000


class BrokenRoute(MlopsChartsError):  # noqa: N818 - it says what is so
    """A route says what is not executed here."""


def endpoints_file(service: str) -> str:
    """Return the name of the file of a service's endpoints."""
    return f"endpoints-{service}.json"


def service_of(file: str) -> str:
    """Return whose endpoints a file has."""
    return file.removeprefix("endpoints-").removesuffix(".json")


def envoy_config(route: Manifest | None, endpoints: Mapping[str, Sequence[Address]], folder: Path) -> dict[str, Any]:
    """Return the documents that Envoy reads while it runs, by the name of their file.

    Args:
        route: The HTTPRoute; None for none, where every request gets 404.
        endpoints: Of each service that exists. A service without endpoints answers 503 for its share, one that does
            not exist 500.
        folder: Where the files are.

    Raises:
        BrokenRoute: The route says what is not executed here.
    """
    return {
        **{endpoints_file(name): endpoints_document(name, there) for name, there in endpoints.items()},
        SERVICES: services_document(endpoints, folder),
        ROUTES: routes_document(route, endpoints),
    }


def bootstrap(folder: Path, port: int) -> dict[str, Any]:
    """Return what Envoy begins with.

    Args:
        folder: Where the files are that change.
        port: To listen at on loopback; 0 for any.
    """
    manager = {
        **_typed("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": LISTENER,
        "rds": {"route_config_name": LISTENER, "config_source": _file(folder / ROUTES)},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": _typed("extensions.filters.http.router.v3.Router")}
        ],
        "normalize_path": True,
        "strip_any_host_port": True,
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "node": {"id": LISTENER, "cluster": LISTENER},
        "admin": {"address": _address(("127.0.0.1", 0))},
        "dynamic_resources": {"cds_config": _file(folder / SERVICES)},
        "static_resources": {
            "listeners": [
                {"name": LISTENER, "address": _address(("127.0.0.1", port)), "filter_chains": [chain]},
            ]
        },
    }


def endpoints_document(service: str, addresses: Sequence[Address]) -> dict[str, Any]:
    """Return the endpoints of a service."""
    hosts = [{"endpoint": {"address": _address(address)}} for address in addresses]
    return _document(
        _typed("config.endpoint.v3.ClusterLoadAssignment")
        | {"cluster_name": service, "endpoints": [{"lb_endpoints": hosts}] if hosts else []}
    )


def services_document(names: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the services that there are."""
    return _document(
        *(
            _typed("config.cluster.v3.Cluster")
            | {
                "name": name,
                "type": "EDS",
                "connect_timeout": "2s",
                "eds_cluster_config": {"eds_config": _file(folder / endpoints_file(name))},
            }
            for name in sorted(names)
        )
    )


def routes_document(route: Manifest | None, services: Mapping[str, Any]) -> dict[str, Any]:
    """Return which service answers what."""
    hosts = [] if route is None else [_virtual_host(route, services)]
    return _document(_typed("config.route.v3.RouteConfiguration") | {"name": LISTENER, "virtual_hosts": hosts})


def _virtual_host(route: Manifest, services: Mapping[str, Any]) -> dict[str, Any]:
    spec = route["spec"]
    found = [
        (_precedence(match), {"match": _match(match), **_answered(rule, services)})
        for rule in spec.get("rules") or ()
        for match in rule.get("matches") or [_EVERYWHERE]
    ]
    found.sort(key=lambda pair: pair[0])  # stable: of equals the first of the route comes first
    name = route["metadata"]["name"]
    return {"name": name, "domains": list(spec.get("hostnames") or ["*"]), "routes": [one for _, one in found]}


def _precedence(match: Manifest) -> tuple[int, int, int, int, int]:
    """Return what is lower for a match that comes first by Gateway API; Envoy takes the first that fits."""
    path = match.get("path") or _EVERYWHERE["path"]
    kind = ("Exact", "PathPrefix", "RegularExpression").index(path.get("type", "PathPrefix"))
    counts = [len(match.get(name) or ()) for name in ("headers", "queryParams")]
    return kind, -len(path.get("value", "/")), -("method" in match), -counts[0], -counts[1]


def _match(match: Manifest) -> dict[str, Any]:
    headers = [_header(one["name"].lower(), one) for one in match.get("headers") or ()]
    if "method" in match:
        headers.append(_header(":method", {"value": match["method"]}))
    queries = [{"name": one["name"], "string_match": _text(one)} for one in match.get("queryParams") or ()]
    return {
        **_path(match.get("path") or {}),
        **({"headers": headers} if headers else {}),
        **({"query_parameters": queries} if queries else {}),
    }


def _path(path: Manifest) -> dict[str, Any]:
    kind, written = path.get("type", "PathPrefix"), path.get("value", "/")
    if kind == "Exact":
        return {"path": written}
    if kind == "RegularExpression":
        return {"safe_regex": {"regex": written}}
    elements = written.rstrip("/")
    return {"path_separated_prefix": elements} if elements else {"prefix": "/"}


def _header(name: str, one: Manifest) -> dict[str, Any]:
    return {"name": name, "string_match": _text(one)}


def _text(one: Manifest) -> dict[str, Any]:
    if one.get("type", "Exact") == "RegularExpression":
        return {"safe_regex": {"regex": one["value"]}}
    return {"exact": one["value"]}


def _answered(rule: Manifest, services: Mapping[str, Any]) -> dict[str, Any]:
    weighted = [(_cluster(one, services), one.get("weight", 1)) for one in rule.get("backendRefs") or ()]
    weighted = [(name, weight) for name, weight in weighted if weight]
    if not weighted:  # as Gateway API says of a rule whose backends get no traffic
        return {"direct_response": {"status": 500}}
    mirrors = list(_mirrors(rule, services))
    return {
        "route": {
            "weighted_clusters": {"clusters": [{"name": name, "weight": weight} for name, weight in weighted]},
            "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
            **({"request_mirror_policies": mirrors} if mirrors else {}),
            **_timeout(rule.get("timeouts") or {}),
        }
    }


def _cluster(reference: Manifest, services: Mapping[str, Any]) -> str:
    name: str = reference["name"]
    kind = (reference.get("group", ""), reference.get("kind", "Service"))
    return name if name in services and kind == ("", "Service") else _ABSENT + name


def _mirrors(rule: Manifest, services: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in rule.get("filters") or ():
        if one["type"] != "RequestMirror":
            raise BrokenRoute(f"a filter {one['type']} of an HTTPRoute is not executed here; RequestMirror is")
        mirror = one["requestMirror"]
        share = _share(mirror)
        yield {
            "cluster": _cluster(mirror["backendRef"], services),
            "disable_shadow_host_suffix_append": True,
            **({"runtime_fraction": {"default_value": share}} if share else {}),
        }


def _share(mirror: Manifest) -> dict[str, Any]:
    if "percent" in mirror:
        return {"numerator": mirror["percent"], "denominator": "HUNDRED"}
    if "fraction" in mirror:
        fraction = mirror["fraction"]
        parts = round(_MILLION * fraction["numerator"] / fraction.get("denominator", 100))
        return {"numerator": parts, "denominator": "MILLION"}
    return {}


def _timeout(timeouts: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "request" in timeouts:
        found["timeout"] = _duration(timeouts["request"])
    if "backendRequest" in timeouts:
        found["retry_policy"] = {"num_retries": 0, "per_try_timeout": _duration(timeouts["backendRequest"])}
    return found


def _duration(text: str) -> str:
    return re.sub(r"\.?0*$", "", f"{seconds(text):.9f}") + "s"


def _document(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resources": list(resources)}


def _typed(name: str) -> dict[str, Any]:
    return {"@type": _TYPES + name}


def _file(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _address(address: Address) -> dict[str, Any]:
    host, port = address
    return {"socket_address": {"address": host, "port_value": port}}
