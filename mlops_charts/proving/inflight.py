"""What may not change while a release is in flight: the server and the protocol that both slots share.

Both slots have one protocol and one runtime, so a change restarts what serves in the middle of its own comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlops_charts.assemble import Rendering
from mlops_charts.chart import emit_chart
from mlops_charts.loading import Model
from mlops_charts.problems import Problem
from mlops_charts.workspace.git import GitError, files_at

_TEMPLATE = "templates/seldondeployment.yaml"
_PROTOCOL = re.compile(r"^  protocol: (\S+)$", re.MULTILINE)
_SERVER = re.compile(r"^ +implementation: (\S+)$", re.MULTILINE)
_NO_EXECUTOR = 'seldon.io/no-engine: "true"'


def changed_in_flight(model: Model, rendering: Rendering, flying: Sequence[str], root: Path) -> Iterator[Problem]:
    """Yield a problem where the protocol or the runtime differs from what is committed, while releases are in flight.

    Args:
        model: The model, for positions.
        rendering: What it becomes.
        flying: Environments with a release in flight; without any, git is not asked.
        root: The repository. Outside of git nothing is known of what is deployed.
    """
    if not flying:
        return
    path = f"{rendering.folder}/serving/{_TEMPLATE}"
    try:
        committed = files_at(root, "HEAD", [path]).get(path)
    except GitError:
        return
    if committed is None:
        return
    planned = emit_chart(rendering.serving.chart)[_TEMPLATE]
    for field, of in (("protocol", _protocol), ("runtime", _runtime)):
        before, after = of(committed), of(planned)
        if before != after:
            message = f"changes from {before} to {after} while a release is in flight in {', '.join(flying)}"
            note = "both slots share it: settle the release or roll it back first, then change it"
            position = model.source.position(("serving", field))
            yield Problem("changed-in-flight", message, position, f"serving.{field}", note)


def _protocol(template: str) -> str:
    found = _PROTOCOL.search(template)
    return found[1] if found else "seldon"


def _runtime(template: str) -> str:
    server = _SERVER.search(template)
    if server:
        return server[1]
    return "python" if _NO_EXECUTOR in template else "seldon-core"
