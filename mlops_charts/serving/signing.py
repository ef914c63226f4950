"""Signs requests to an S3 server, by version 4 of AWS' signatures.

Three kinds of requests need no client library of 20 MB in every image. It must not know what is sent, or why.
Source: AWS, "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

_SCHEME: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """What proves who asks.

    Attributes:
        access: The public part.
        secret: The secret part.
        token: Of a session; empty for none.
    """

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def signed(
    method: str,
    url: str,
    query: Mapping[str, str],
    *,
    body: bytes,
    keys: Keys,
    region: str,
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a request, signed.

    Args:
        method: Of HTTP.
        url: With its path as `key_path` writes it, and without a query.
        query: Names and values, as they are before they are escaped.
        body: What is sent; empty for nothing.
        keys: Who asks.
        region: Of the server.
        now: In UTC; servers refuse what is signed a quarter of an hour before or after their own time.
        headers: More that are signed, by their names in lower case.
    """
    parts, digest, time = urlsplit(url), hashlib.sha256(body).hexdigest(), now.strftime("%Y%m%dT%H%M%SZ")
    token = {"x-amz-security-token": keys.token} if keys.token else {}
    all_headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": time, **token, **(headers or {})}
    names = sorted(all_headers)
    lines = "".join(f"{name}:{all_headers[name].strip()}\n" for name in names)
    asked = "\n".join((method, parts.path or "/", query_text(query), lines, ";".join(names), digest))
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    text = "\n".join((_SCHEME, time, scope, hashlib.sha256(asked.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for step in (time[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    proof = f"{_SCHEME} Credential={keys.access}/{scope},SignedHeaders={';'.join(names)},Signature={signature}"
    return {**all_headers, "authorization": proof}


def key_path(bucket: str, key: str) -> str:
    """Return the path of an object, escaped as it is signed."""
    return "/" + quote(f"{bucket}/{key}" if key else bucket, safe="/-_.~")


def query_text(query: Mapping[str, str]) -> str:
    """Return a query, escaped and in the order in which it is signed."""
    return "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query.items()))
