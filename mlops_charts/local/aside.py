"""What stands for an image, as a process of its own: it can be stopped like any other, and its output is a log.

`python -m mlops_charts.local.aside environment|context SOURCE CACHE ANSWER` writes a JSON object to ANSWER.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from mlops_charts.contract import DONE, FAILED, REFUSED
from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.workspace.write import replace_text


def main(kind: str, source: str, cache: str, answer: str) -> int:
    """Do it and return an exit status, as a step does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    make = {"environment": _environment, "context": _context}[kind]
    try:
        found = make(Path(source), Path(cache))
    except MlopsChartsError as error:
        sys.stderr.write(f"error: {error}\n")
        return REFUSED if isinstance(error, Mistake) else FAILED
    replace_text(Path(answer), json.dumps(found) + "\n")
    return DONE


def _environment(requirements: Path, cache: Path) -> dict[str, Any]:
    from mlops_charts.local.environments import environment_python  # noqa: PLC0415 - a process does one of the two

    return {"python": str(environment_python(requirements, cache, _report))}


def _context(context: Path, cache: Path) -> dict[str, Any]:
    from mlops_charts.local.context import prove_context  # noqa: PLC0415 - a process does one of the two

    proof = prove_context(context, cache, _report)
    return {"seconds": proof.seconds, "summary": proof.summary, "python": str(proof.python)}


def _report(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
