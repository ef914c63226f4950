"""Which version of this package serves."""

from __future__ import annotations


def own_version() -> str:
    """Return the version; empty where the package is used without being installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - once, at the start

    try:
        return version("mlops-charts")
    except PackageNotFoundError:
        return ""
