"""The log of what runs in a pod: one JSON object a line on stderr, so that whoever reads many pods can ask them.

It must not know what is told.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any


def log(event: str, **fields: Any) -> None:
    """Write a line: what happened, in a few words, and what a reader would ask of it.

    Args:
        event: What happened: "trained", "gate failed".
        fields: Plain data; units stand in the names.
    """
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
    sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stderr.flush()
