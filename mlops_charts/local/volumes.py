"""Volumes of a pod as folders of its task, and artifacts as copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_charts.local.flow import BrokenFlow, Flow, Manifest
from mlops_charts.local.places import Places


def mount(flow: Flow, template: Manifest, places: Places) -> None:
    """Make the folder of every volume that the container mounts, and fill it; Secrets are not here.

    Raises:
        BrokenFlow: A mount names no volume, or a volume no rendered ConfigMap.
    """
    volumes = _named(flow, template)
    filled: dict[str, Path] = {}
    for each in template["container"].get("volumeMounts") or ():
        name, place = each["name"], places.here(each["mountPath"])
        if name not in volumes:
            raise BrokenFlow(f'{template["name"]}: there is no volume "{name}" to mount')
        place.parent.mkdir(parents=True, exist_ok=True)
        if "secret" in volumes[name]:
            continue
        if name in filled:
            place.symlink_to(filled[name])
            continue
        place.mkdir(exist_ok=True)
        _fill(flow, volumes[name], place)
        filled[name] = place


def absent(flow: Flow, template: Manifest) -> tuple[str, ...]:
    """Return where the Secrets of a container would be mounted."""
    volumes = _named(flow, template)
    mounts = template["container"].get("volumeMounts") or ()
    return tuple(each["mountPath"] for each in mounts if "secret" in volumes.get(each["name"], {}))


def _named(flow: Flow, template: Manifest) -> dict[str, Manifest]:
    return {each["name"]: each for each in (*flow.spec.get("volumes", ()), *template.get("volumes", ()))}


def _fill(flow: Flow, volume: Mapping[str, Any], place: Path) -> None:
    for source in (volume, *(volume.get("projected") or {}).get("sources", ())):
        if "configMap" in source:
            _write(_files(flow, source["configMap"]), place)


def _files(flow: Flow, wanted: Mapping[str, Any]) -> dict[str, bytes]:
    found = flow.config_maps.get(wanted["name"])
    if found is None:
        if wanted.get("optional"):
            return {}
        raise BrokenFlow(f"no ConfigMap {wanted['name']} was rendered")
    if "items" not in wanted:
        return dict(found)
    missing = [item["key"] for item in wanted["items"] if item["key"] not in found]
    if missing and not wanted.get("optional"):
        raise BrokenFlow(f"the ConfigMap {wanted['name']} has no key {', '.join(missing)}")
    return {item["path"]: found[item["key"]] for item in wanted["items"] if item["key"] in found}


def _write(files: Mapping[str, bytes], place: Path) -> None:
    for name, content in files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BrokenFlow(f"{name} leads out of its volume")
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def bring(artifacts: Mapping[str, Path], wanted: Iterable[Manifest], places: Places) -> None:
    """Copy the artifacts that a template reads to where it reads them."""
    for each in wanted:
        source = artifacts.get(each["name"])
        if source is not None:
            copy(source, places.here(each["path"]))


def copy(source: Path, place: Path) -> None:
    """Copy a file or a folder; what lies at the place is replaced, at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    discard(part)
    if source.is_dir():
        shutil.copytree(source, part, symlinks=True)
    else:
        shutil.copy2(source, part)
    discard(place)
    part.replace(place)


def discard(path: Path) -> None:
    """Remove a file or a folder, if there is one; folders that were made unwritable too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_writable)
    else:
        path.unlink(missing_ok=True)


def _writable(function: Any, path: str, _: Any) -> None:
    Path(path).parent.chmod(0o700)
    if os.path.isdir(path):  # noqa: PTH112 - what shutil hands over
        Path(path).chmod(0o700)
    function(path)
