"""Where objects of the request log go: a folder, or a bucket of an S3 server. Nothing is known of what is in them.

An object's name begins with the time after which it holds nothing, so names sort by age, the oldest first, and what is
too old is found by reading names alone. What is not named so is never touched.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mlops_charts.errors import MlopsChartsError
from mlops_charts.serving.asked import LogAsked
from mlops_charts.serving.signing import Keys, key_path, query_text, signed

MOST_REMOVED: Final = 200  # objects at one time
_TIME: Final = "%Y-%m-%d/%H%M%SZ"
_NAME: Final = re.compile(r"(?P<time>\d{4}-\d\d-\d\d/\d{6}Z)-[A-Za-z0-9._-]+\.jsonl\.gz")
_KEY: Final = re.compile(r"<Key>([^<]*)</Key>")
_PATIENCE: Final = 10.0  # seconds for a request
_MOST_READ: Final = 2**20  # bytes of an answer
_CODE: Final = re.compile(rb"<Code>(\w{1,60})</Code>")


class NotStored(MlopsChartsError):  # noqa: N818 - it says what is so
    """An object was not taken, listed or removed, and why."""


class Store(Protocol):
    """Keeps objects."""

    def put(self, name: str, content: bytes) -> None:
        """Keep an object; NotStored if that fails."""

    def remove(self, before: datetime) -> int:
        """Remove objects that ended before some time, a limited number, and return how many; NotStored likewise."""


def object_name(ended: datetime, rest: str) -> str:
    """Return the name of an object that holds nothing later than some time, in UTC."""
    return f"{ended.strftime(_TIME)}-{re.sub('[^A-Za-z0-9._-]', '-', rest)}.jsonl.gz"


def ended_at(name: str) -> datetime | None:
    """Return the time that an object's name begins with; None if it is no such name."""
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match["time"], _TIME).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder, for local runs.

    Attributes:
        folder: Made when it is needed.
    """

    folder: Path

    def put(self, name: str, content: bytes) -> None:
        """Keep an object; nobody sees half of it."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:
            raise NotStored(f"{path}: {error.strerror}") from None

    def remove(self, before: datetime) -> int:
        """Remove objects that ended before some time."""
        names = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob("*/*.jsonl.gz"))
        old = [name for name in names if (ended := ended_at(name)) and ended < before][:MOST_REMOVED]
        for name in old:
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise NotStored(f"{self.folder / name}: {error.strerror}") from None
            with suppress(OSError):
                (self.folder / name).parent.rmdir()
        return len(old)


@dataclass(frozen=True, slots=True)
class S3Store:
    """A prefix in a bucket.

    Attributes:
        endpoint: The server's URL.
        region: As the server calls it.
        bucket: Which exists.
        prefix: What names begin with, without a slash at its end; may be empty.
        keys: Who asks.
    """

    endpoint: str
    region: str
    bucket: str
    prefix: str
    keys: Keys

    def put(self, name: str, content: bytes) -> None:
        """Keep an object."""
        self._ask("PUT", self._key(name), content, headers={"content-type": "application/gzip"})

    def remove(self, before: datetime) -> int:
        """Remove objects that ended before some time."""
        query = {"list-type": "2", "max-keys": str(MOST_REMOVED), "prefix": self._key("")}
        page = self._ask("GET", "", query=query).decode(errors="replace")
        names = (html.unescape(key).removeprefix(self._key("")) for key in _KEY.findall(page))
        old = [name for name in names if (ended := ended_at(name)) and ended < before]
        for name in old:
            self._ask("DELETE", self._key(name))
        return len(old)

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _ask(
        self,
        method: str,
        key: str,
        body: bytes = b"",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        url, asked = self.endpoint.rstrip("/") + key_path(self.bucket, key), query or {}
        now = datetime.now(UTC)
        proof = signed(method, url, asked, body=body, keys=self.keys, region=self.region, now=now, headers=headers)
        more = f"?{query_text(asked)}" if asked else ""
        request = Request(url + more, data=body if method == "PUT" else None, headers=proof, method=method)  # noqa: S310 - the operator's own URL
        try:
            with build_opener(_NoRedirect).open(request, timeout=_PATIENCE) as answer:
                found: bytes = answer.read(_MOST_READ)
        except HTTPError as error:
            with error:
                raise NotStored(f"{method} {url}: {error.code} {_reason(error)}") from None
        except (URLError, HTTPException, OSError) as error:
            raise NotStored(f"{method} {url}: {getattr(error, 'reason', error)}") from None
        return found


def store_at(asked: LogAsked, environ: Mapping[str, str]) -> Store:
    """Return the store that is asked for; the variables of AWS' own tools say who asks.

    Raises:
        NotStored: Nobody says who asks, or where to.
    """
    if not asked.target.startswith("s3://"):
        return FolderStore(Path(asked.target))
    bucket, _, prefix = asked.target.removeprefix("s3://").partition("/")
    endpoint = asked.endpoint or environ.get("AWS_ENDPOINT_URL", "") or f"https://s3.{asked.region}.amazonaws.com"
    access, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not bucket or not re.fullmatch(r"https?://[^/?#]+/?", endpoint):
        raise NotStored(f"the request log cannot go to {asked.target} at {endpoint}; s3://BUCKET/PREFIX was expected")
    if not access or not secret:
        raise NotStored("the request log needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
    keys = Keys(access, secret, environ.get("AWS_SESSION_TOKEN", ""))
    return S3Store(endpoint, asked.region, bucket, prefix.strip("/"), keys)


class _NoRedirect(HTTPRedirectHandler):
    """Goes nowhere else with what is signed for one server."""

    def redirect_request(self, *_asked: Any) -> None:
        """Return that there is no other request."""


def _reason(error: HTTPError) -> str:
    code = _CODE.search(error.read(_MOST_READ))
    return code[1].decode() if code else error.reason
