"""Asking a container registry which digest a tag has now, as the OCI distribution specification says it is asked.

Read-only, and anonymous but for the logins that it is given: it knows the protocol, and neither platform.yaml nor
charts. It never makes up a digest: what a registry does not say is an error.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from mlops_charts.errors import MlopsChartsError

Resolve = Callable[[str, str], str]
"""Called as resolve(name, tag); returns the digest."""

_LARGEST: Final = 4 * 1024 * 1024  # bytes; a registry need not take a larger manifest
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_ACCEPT: Final = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
_UNAUTHORIZED, _NOT_FOUND, _NO_METHOD = 401, 404, 405


class RegistryError(MlopsChartsError):
    """A registry cannot be reached, or does not say what a tag is."""


class Unknown(RegistryError):  # noqa: N818 - it says what the image is
    """The registry has no such image."""


class Unreachable(RegistryError):  # noqa: N818 - it says what the registry is
    """No connection, or no answer in time."""


@dataclass(frozen=True)
class Registries:
    """Registries as anybody may ask them.

    Attributes:
        plain_http: Whether to speak HTTP instead of HTTPS, also with others than this machine.
        timeout: Seconds that one answer may take.
        logins: By host, `user:password` in base64, as docker keeps them.
    """

    plain_http: bool = False
    timeout: float = 20.0
    logins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def digest(self, name: str, tag: str) -> str:
        """Return the digest of a tag, `sha256:` and 64 hexadecimal digits.

        Args:
            name: The image without its tag, such as `ghcr.io/acme/iris` or `busybox`.
            tag: The tag.

        Raises:
            RegistryError: The registry cannot be reached, lacks the image, or says no digest.
        """
        host, repository = address(name)
        scheme = "http" if self.plain_http or _is_loopback(host) else "https"
        url = f"{scheme}://{host}/v2/{quote(repository)}/manifests/{quote(tag)}"
        try:
            return self._ask(url, repository)
        except HTTPError as error:
            kind = Unknown if error.code == _NOT_FOUND else RegistryError
            raise kind(f"{name}:{tag}: {_refusal(error, host)}") from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{host} cannot be reached: {_reason(error, self.timeout)}") from None
        except ValueError as error:
            raise RegistryError(f"{name}:{tag}: {error}") from None

    def _ask(self, url: str, repository: str) -> str:
        headers = {"Accept": _ACCEPT}
        try:
            return self._said(url, headers)
        except HTTPError as error:
            if error.code != _UNAUTHORIZED:
                raise
            challenge = error.headers.get("WWW-Authenticate", "")
        login = self.logins.get(urlsplit(url).netloc, "")
        basic = {"Authorization": f"Basic {login}"} if login else {}
        if basic and challenge.partition(" ")[0].lower() == "basic":
            return self._said(url, {**headers, **basic})
        token = self._token(challenge, url, repository, basic)
        return self._said(url, {**headers, "Authorization": f"Bearer {token}"})

    def _said(self, url: str, headers: dict[str, str]) -> str:
        """Return the digest that the registry names, or else that of the manifest itself."""
        try:
            found, _ = self._open("HEAD", url, headers)
        except HTTPError as error:
            if error.code != _NO_METHOD:
                raise
            found = ""
        if _DIGEST.fullmatch(found):
            return found
        named, body = self._open("GET", url, headers)
        computed = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if _DIGEST.fullmatch(named) and named != computed:
            raise ValueError(f"the registry says {named}, and its manifest has {computed}")
        if not body:
            raise ValueError("the registry sent neither a digest nor a manifest")
        return computed

    def _token(self, challenge: str, url: str, repository: str, login: dict[str, str]) -> str:
        scheme, _, rest = challenge.partition(" ")
        asked = dict(_PARAMETER.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            raise ValueError("the registry wants a user and a password, and is asked without")
        realm = urljoin(url, asked["realm"])
        wanted = {"scope": asked.get("scope", f"repository:{repository}:pull")}
        if "service" in asked:
            wanted["service"] = asked["service"]
        _, body = self._open("GET", f"{realm}{'&' if '?' in realm else '?'}{urlencode(wanted)}", login)
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        token = (said.get("token") or said.get("access_token")) if isinstance(said, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise ValueError(f"{urlsplit(realm).hostname} gave no token")
        return token

    def _open(self, method: str, url: str, headers: dict[str, str]) -> tuple[str, bytes]:
        """Return the digest that an answer names, and its body, bounded in size and in time."""
        self.admit(url)
        request = Request(url, method=method)  # noqa: S310 - the scheme is admitted above
        for key, content in headers.items():
            request.add_unredirected_header(key, content)
        deadline = time.monotonic() + self.timeout
        with self._opener(url).open(request, timeout=self.timeout) as response:
            return response.headers.get("Docker-Content-Digest", ""), _body(response, deadline)

    def _opener(self, url: str) -> OpenerDirector:
        redirects = _Redirects(self.admit)
        if _is_loopback(urlsplit(url).netloc):
            return build_opener(redirects, ProxyHandler({}))
        return build_opener(redirects)

    def admit(self, url: str) -> None:
        """Let pass HTTPS, and HTTP only to this machine or where it was asked for.

        Raises:
            ValueError: The URL is something else.
        """
        parts = urlsplit(url)
        plain = parts.scheme == "http" and (self.plain_http or _is_loopback(parts.netloc))
        if parts.scheme != "https" and not plain:
            raise ValueError(f"{parts.scheme}://{parts.netloc} is not asked: only https:// is")


class _Redirects(HTTPRedirectHandler):
    """Follows a redirect with the same method, to an address that is admitted."""

    def __init__(self, admit: Callable[[str], None]) -> None:
        self._admit = admit

    def redirect_request(  # noqa: PLR0917 - urllib's signature
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        self._admit(newurl)
        found = super().redirect_request(req, fp, code, msg, headers, newurl)
        if found is not None:
            found.method = req.get_method()
            found.add_header("Accept", _ACCEPT)  # and no token: it is not the other host's
        return found


def docker_logins(folder: Path) -> dict[str, str]:
    """Return the logins in docker's config.json in a folder, by host; none where there is no such file.

    Raises:
        RegistryError: The file is something else.
    """
    try:
        found = json.loads((folder / "config.json").read_bytes())
        return {_host(name): _login(entry) for name, entry in found.get("auths", {}).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        raise RegistryError(f"{folder / 'config.json'} holds no logins as docker writes them") from None


def _host(name: str) -> str:
    host = urlsplit(name if "//" in name else f"//{name}").netloc
    return "registry-1.docker.io" if host in {"index.docker.io", "docker.io"} else host


def _login(entry: Mapping[str, str]) -> str:
    pair = f"{entry.get('username', '')}:{entry.get('password', '')}"
    return entry.get("auth") or base64.b64encode(pair.encode()).decode()


def address(name: str) -> tuple[str, str]:
    """Return the host of a registry and the repository in it; a name without a host is Docker Hub's."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        host, repository = first, rest
    else:
        host, repository = "docker.io", name
    if host == "docker.io":
        return "registry-1.docker.io", repository if "/" in repository else f"library/{repository}"
    return host, repository


def _is_loopback(host: str) -> bool:
    return urlsplit(f"//{host}").hostname in _LOOPBACK


def _body(response: Any, deadline: float) -> bytes:
    data = bytearray()
    while chunk := response.read1(64 * 1024):
        data += chunk
        if len(data) > _LARGEST:
            raise ValueError(f"the answer is larger than {_LARGEST // 1024 // 1024} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(data)


def _refusal(error: HTTPError, host: str) -> str:
    if error.code == _NOT_FOUND:
        return f"{host} has no such image"
    if error.code == _UNAUTHORIZED:
        return f"{host} wants a user and a password, and is asked without"
    return f"{host} answers with HTTP status {error.code}"


def _reason(error: Exception, timeout: float) -> str:
    inner = error.reason if isinstance(error, URLError) else error
    if isinstance(inner, TimeoutError):
        return f"no answer within {timeout:g} s"
    said = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    return " ".join(said.split()) or type(inner).__name__
