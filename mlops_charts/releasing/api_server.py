"""Asks Kubernetes' API server for one object: plain REST with the pod's own token, bounded in time and size.

It must not know which objects there are, nor what they mean.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mlops_charts.errors import MlopsChartsError

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT: Final = 10.0  # seconds for an answer
_LARGEST: Final = 4 * 1024 * 1024  # bytes; etcd keeps no object larger than 1.5 MiB
_SHOWN: Final = 200  # characters of what the server says when it refuses
_OK, _NOT_FOUND = 200, 404


class NoCluster(MlopsChartsError):  # noqa: N818 - it says what is so
    """The API server cannot be reached, or refuses."""


@dataclass(frozen=True)
class ApiServer:
    """An API server, and by what it knows us.

    Attributes:
        url: Its address.
        account: Folder with token and ca.crt of the pod's service account; None asks without.
    """

    url: str
    account: Path | None = None

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at a path; None if there is none.

        Raises:
            NoCluster: It cannot be reached, refuses, or answers no object.
        """
        status, body = self._asked(path)
        if status == _NOT_FOUND:
            return None
        if status != _OK:
            raise NoCluster(f"{self.url}{path} answers {status}: {_said(body)}")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if len(body) > _LARGEST or not isinstance(found, dict):
            raise NoCluster(f"{self.url}{path} answers no object: {_said(body)}")
        return found

    def _asked(self, path: str) -> tuple[int, bytes]:
        try:
            connection = self._connection()
            try:
                connection.request("GET", path, headers=self._headers())
                answer = connection.getresponse()
                return answer.status, answer.read(_LARGEST + 1)
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NoCluster(f"{self.url}{path} does not answer: {reason}") from None

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme != "https":
            return HTTPConnection(parts.netloc, timeout=_TIMEOUT)
        authority = self.account / "ca.crt" if self.account else None
        return HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=ssl.create_default_context(cafile=authority))

    def _headers(self) -> dict[str, str]:
        headers = {"accept": "application/json", "user-agent": "mlops-charts"}
        if self.account is None:
            return headers
        # Kubernetes renews the token within the hour, so it is read for each question.
        token = (self.account / "token").read_text(encoding="ascii").strip()
        return {**headers, "authorization": f"Bearer {token}"}


def api_server_of_pod(environ: Mapping[str, str], account: Path = _ACCOUNT) -> ApiServer:
    """Return the API server of the cluster that this pod runs in.

    Raises:
        NoCluster: This is no pod, or it has no token.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NoCluster("this is no pod of a cluster, so nobody says what runs; --here FILE says where to look instead")
    if not (account / "token").is_file():
        raise NoCluster(f"{account / 'token'} is missing: the pod's service account has no token")
    return ApiServer(f"https://{f'[{host}]' if ':' in host else host}:{port}", account)


def _said(body: bytes) -> str:
    try:
        text = str(json.loads(body)["message"])
    except (KeyError, TypeError, ValueError, RecursionError):
        text = body[: 2 * _SHOWN].decode(errors="replace")
    return " ".join(text.split())[:_SHOWN] or "nothing"
