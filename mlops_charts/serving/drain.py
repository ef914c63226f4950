"""What runs ahead of SIGTERM in a pod: it waits until no request comes any more, because the endpoints are gone."""

from __future__ import annotations

import re
from time import monotonic, sleep
from typing import Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mlops_charts import contract

_LEAST, _QUIET, _MOST, _EVERY = 4.0, 2.0, 10.0, 0.5  # seconds
_COUNT: Final = re.compile(rf"^{contract.REQUESTS}{{[^}}]*}} (\S+)$", re.MULTILINE)


def drain(port: int, *, least: float = _LEAST, quiet: float = _QUIET, most: float = _MOST) -> float:
    """Wait until the server beside this process gets no requests any more, and return for how many seconds.

    Args:
        port: Of the server's metrics; where nobody answers there, nothing need be waited for.
        least: Seconds to wait at least: so long may it take until every proxy knows that the pod goes.
        quiet: Seconds without a request after which none is expected.
        most: Seconds to wait at most, whatever comes.
    """
    began = changed = monotonic()
    seen = _requests(port)
    while seen is not None and (now := monotonic()) < began + most:
        if now >= max(began + least, changed + quiet):
            break
        sleep(min(_EVERY, least or _EVERY))
        found = _requests(port)
        if found != seen:
            seen, changed = found, monotonic()
    return monotonic() - began


def _requests(port: int) -> float | None:
    """Return how many requests were answered; None if nobody says."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/metrics", timeout=2) as page:
            text = page.read().decode()
    except (URLError, OSError):
        return None
    return sum(map(float, _COUNT.findall(text)))
