"""Two pods behind a real Envoy that splits 90 to 10: ENVOY KIND MODEL PORT WORKERS FOLDER. Its group ends with it.

KIND is ours, or bare for a pod of the bare handler, which shows what Envoy itself takes of the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from serving_servers import free_port

WEIGHTS = {"blue": 90, "green": 10}


def main() -> None:
    """Start the pods, and Envoy once both are ready, and wait until one of them ends."""
    envoy, kind, model, port, workers, folder = sys.argv[1:]
    ports = {slot: free_port() for slot in WEIGHTS}
    started = [subprocess.Popen(_PODS[kind](model, workers, found)) for found in ports.values()]
    for found in ports.values():
        _wait(found)
    configuration = Path(folder) / "envoy.json"
    configuration.write_text(json.dumps(_configuration(int(port), ports)))
    started.append(
        subprocess.Popen([envoy, "-c", str(configuration), "--log-level", "error", "--concurrency", workers])
    )
    while all(one.poll() is None for one in started):
        time.sleep(0.2)
    raise SystemExit("one of the processes ended")


def _bare(model: str, workers: str, port: int) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve().parent.parent / "bare_handler.py"), model, str(port), workers]


def _ours(model: str, workers: str, port: int) -> list[str]:
    ports = ("--host=127.0.0.1", f"--http-port={port}", f"--metrics-port={free_port()}", f"--grpc-port={free_port()}")
    return [sys.executable, "-m", "mlops_charts", "serve", model, *ports, f"--workers={workers}"]


_PODS = {"ours": _ours, "bare": _bare}


def _wait(port: int) -> None:
    opener = build_opener(ProxyHandler({}))
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with opener.open(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5):
                return
        except HTTPError as error:
            with error:
                return  # the bare handler knows no health
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the pod at port {port} is not ready")


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _configuration(port: int, ports: dict[str, int]) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.filters"
    clusters = {"clusters": [{"name": slot, "weight": weight} for slot, weight in WEIGHTS.items()]}
    routes = [{"match": {"prefix": "/"}, "route": {"weighted_clusters": clusters}}]
    manager = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kind}.http.router.v3.Router"}}
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    listener = {"name": "http", "address": _address(port), "filter_chains": [{"filters": filters}]}
    return {"static_resources": {"listeners": [listener], "clusters": [_cluster(*one) for one in ports.items()]}}


def _cluster(slot: str, port: int) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    assigned = {"cluster_name": slot, "endpoints": endpoints}
    return {"name": slot, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assigned}


if __name__ == "__main__":
    main()
