"""One answer over HTTP, bounded in time and size: no redirects, no proxies, and the system's certificates.

It must not know what an answer means.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit
from urllib.request import HTTPErrorProcessor, HTTPHandler, HTTPSHandler, OpenerDirector, Request

from mlops_charts.errors import MlopsChartsError

_CHUNK: Final = 1 << 16
_SCHEMES: Final = frozenset({"http", "https"})


class Unread(MlopsChartsError):  # noqa: N818 - told by whoever asked
    """Nothing came that could be read; the message is a clause about who was asked."""


@dataclass(frozen=True)
class Answer:
    """What came.

    Attributes:
        status: Of HTTP, any.
        body: The whole body.
    """

    status: int
    body: bytes


class _Any(HTTPErrorProcessor):
    """Hands on whatever the status is, redirects included."""

    def http_response(self, request: Request, response: HTTPResponse) -> Any:  # noqa: ARG002 - as its base names it
        return response

    https_response = http_response


def read(address: str, form: Mapping[str, str] | None = None, *, limit: int, seconds: float) -> Answer:
    """Return what an address answers.

    Args:
        address: http or https; what stands before an @ in it is sent as a name and a password.
        form: Sent as POST; without it, GET.
        limit: The most bytes of a body.
        seconds: How long it may take.

    Raises:
        Unread: No answer, not in time, or too large a one.
    """
    until = monotonic() + seconds
    try:
        with _opener().open(_request(address, form), timeout=seconds) as response:
            return Answer(response.status, _body(response, limit, until))
    except TimeoutError:
        raise Unread(f"does not answer within {seconds:g} s") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        late = isinstance(reason, TimeoutError)
        raise Unread(f"does not answer within {seconds:g} s" if late else f"does not answer: {reason}") from None
    except (HTTPException, ValueError) as error:
        raise Unread(f"does not speak HTTP: {type(error).__name__}") from None


def plain(address: str) -> str:
    """Return an address without the name and the password in it."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for one in (HTTPHandler(), HTTPSHandler(), _Any()):
        opener.add_handler(one)
    return opener


def _request(address: str, form: Mapping[str, str] | None) -> Request:
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES:
        raise Unread("is no address of HTTP")
    data = None if form is None else urlencode(form).encode()
    request = Request(plain(address), data, {"accept-encoding": "identity"})  # noqa: S310 - http and https alone
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    return request


def _body(response: HTTPResponse, limit: int, until: float) -> bytes:
    found = bytearray()
    while chunk := response.read1(_CHUNK):
        found += chunk
        if len(found) > limit:
            raise Unread(f"answers with more than {limit} bytes")
        if monotonic() > until:
            raise TimeoutError
    if response.length:
        raise Unread("breaks off in the middle of its answer")
    return bytes(found)
