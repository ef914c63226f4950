"""Bodies of requests to JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson

from mlops_charts.serving.declined import bad


def parse_json(body: bytes) -> Any:
    """Return what JSON says; NaN and infinities, which JSON lacks and Python writes, are read as well.

    Raises:
        Declined: It is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise bad(f"the body is no JSON: {error}") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise bad(f"the body is no JSON: {reason}") from None
