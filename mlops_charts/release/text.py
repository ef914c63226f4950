"""The text of a release file: every key present, every string quoted, so that no reader takes one for another type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.release.state import ReleaseState

_HEADER = "# The state of the release. The release commands write this file; a person's edit is a release decision.\n"


def release_text(state: ReleaseState) -> str:
    """Return the text of `release-<environment>.yaml`."""
    return _HEADER + "".join(f"{line}\n" for line in _lines({"release": state.data()}, 0))


def _lines(mapping: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, found in mapping.items():
        if isinstance(found, Mapping) and found:
            yield f"{indent}{key}:"
            yield from _lines(found, depth + 1)
        else:
            yield f"{indent}{key}: {json.dumps(found, ensure_ascii=False)}"
