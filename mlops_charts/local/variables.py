"""The variables of a process: a clean base, what the container says, and Secrets from variables of the user's own."""

from __future__ import annotations

import fnmatch
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import LOCAL
from mlops_charts.errors import Mistake
from mlops_charts.local.filling import plain
from mlops_charts.local.flow import BrokenFlow, Flow, Manifest

# What a program needs of the user's own environment: where programs are, language, certificates, proxies, devices,
# where packages come from. Nothing else: a step must not depend on what a shell happens to hold.
_KEPT: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TERM"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_*", "SSL_CERT_*", "REQUESTS_CA_BUNDLE"),
    *("CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_*", "GIT_CONFIG_*", "*_proxy", "*_PROXY", "PIP_*", "UV_*"),
    *("CUDA_*", "NVIDIA_*", "ROCR_*", "HIP_*", "OMP_*", "OPENBLAS_*", "MKL_*", "NUMEXPR_*", "DOCKER_HOST"),
)


class MissingSecret(Mistake):
    """Variables that stand for Secrets are not set; a line for each."""


def base(environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Return what every process gets."""
    kept = {name: text for name, text in environ.items() if any(fnmatch.fnmatchcase(name, one) for one in _KEPT)}
    return {
        **kept,
        **_import_path(),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        LOCAL: "1",
    }


def _import_path() -> dict[str, str]:
    """Return what makes this very package the one that steps import, where it is not installed."""
    home = Path(__file__).resolve().parents[2]
    return {} if home == Path(sysconfig.get_path("purelib")).resolve() else {"PYTHONPATH": str(home)}


def of_container(
    flow: Flow, template: Manifest, environ: Mapping[str, str], filled: Callable[[Any], str]
) -> dict[str, str]:
    """Return the variables that a container asks for; a Secret's is left out where the environment has none.

    Args:
        flow: For its ConfigMaps.
        template: Whose container it is.
        environ: The user's own environment.
        filled: Fills in references.
    """
    found: dict[str, str] = {}
    for entry in template["container"].get("env") or ():
        source = entry.get("valueFrom")
        if source is None:
            found[entry["name"]] = filled(entry.get("value"))
        elif "secretKeyRef" in source:
            found |= {entry["name"]: environ[entry["name"]]} if entry["name"] in environ else {}
        elif "configMapKeyRef" in source:
            found |= _of_config_map(flow, entry["name"], source["configMapKeyRef"])
    return found


def written(template: Manifest) -> list[str]:
    """Return the variables whose text stands in the Workflow: it may name paths of the pod."""
    return [entry["name"] for entry in template["container"].get("env") or () if "valueFrom" not in entry]


def _of_config_map(flow: Flow, name: str, reference: Mapping[str, Any]) -> dict[str, str]:
    content = flow.config_maps.get(reference["name"], {}).get(reference["key"])
    if content is not None:
        return {name: content.decode()}
    if reference.get("optional"):
        return {}
    raise BrokenFlow(f"the variable {name} needs the key {reference['key']} of a ConfigMap {reference['name']}")


def check_secrets(flow: Flow, steps: Callable[[Manifest], bool], environ: Mapping[str, str], free: str) -> None:
    """Make sure that the environment holds what Secrets would.

    Args:
        flow: The Workflow.
        steps: Whether a template's container will be run here at all.
        environ: The user's own environment.
        free: A Secret that nothing needs here; empty if there is none.

    Raises:
        MissingSecret: It does not.
    """
    wanted = {(variable, reference["name"], reference["key"]): template["name"]
              for template in flow.templates.values() if "container" in template and steps(template)
              for variable, reference in _references(template) if reference["name"] != free}  # fmt: skip
    missing = {key: step for key, step in wanted.items() if key[0] not in environ}
    if missing:
        lines = (
            f"{step} needs the key {key} of the Secret {secret}: export {variable}=... before the run"
            for (variable, secret, key), step in missing.items()
        )
        raise MissingSecret("\n       ".join(lines))


def _references(template: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in template["container"].get("env") or ():
        reference = (entry.get("valueFrom") or {}).get("secretKeyRef")
        if reference and not reference.get("optional"):
            yield plain(entry["name"]), reference
