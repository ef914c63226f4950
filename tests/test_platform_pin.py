"""Resolving tags to digests, with a real registry's protocol on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mlops_charts.cli import status_of
from mlops_charts.registry import Registries, RegistryError, Unreachable, address

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class _Registry(BaseHTTPRequestHandler):
    """Serves the tag 1 of every repository, in the manner that the repository's name says."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:  # noqa: C901 - a table of manners
        parts = urlsplit(self.path)
        if parts.path == "/token":
            scope = parse_qs(parts.query)["scope"][0]
            self._send(200, json.dumps({"token": f"for {scope}"}).encode())
            return
        manner, tag = parts.path.split("/")[2], parts.path.rpartition("/")[2]
        wanted = f"Bearer for repository:{manner}/x:pull"
        if manner == "locked" and self.headers.get("Authorization") != wanted:
            host = self.headers["Host"]
            challenge = f'Bearer realm="http://{host}/token",service="registry",scope="repository:{manner}/x:pull"'
            self._send(401, b"", {"WWW-Authenticate": challenge})
        elif manner == "private":
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        elif manner == "moved":
            self._send(307, b"", {"Location": f"/v2/open/x/manifests/{tag}"})
        elif manner == "away":
            self._send(307, b"", {"Location": "http://registry.example.com/v2/"})
        elif tag != "1" or "application/vnd.oci.image.index.v1+json" not in self.headers["Accept"]:
            self._send(404, b"{}")
        elif manner == "plain":
            self._send(200, MANIFEST)
        elif manner == "lying":
            said = {"Docker-Content-Digest": f"sha256:{'0' * 64}"} if self.command == "GET" else {}
            self._send(200, MANIFEST, said)
        elif manner == "large":
            self._send(200, b"x" * (5 * 1024 * 1024))
        elif manner == "strange":
            self._send(200, b"", {"Docker-Content-Digest": "latest"})
        else:
            self._send(200, MANIFEST, {"Docker-Content-Digest": DIGEST})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, content in (headers or {}).items():
            self.send_header(key, content)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        del format, args


@pytest.fixture
def host() -> Iterator[str]:
    """The address of the registry."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("manner", ["open", "locked", "plain", "moved"])
def test_a_tag_has_the_digest_that_the_registry_says_or_its_manifest_has(host: str, manner: str) -> None:
    """With an anonymous token where one is wanted, and through a redirect."""
    assert Registries().digest(f"{host}/{manner}/x", "1") == DIGEST


@pytest.mark.parametrize(
    ("manner", "message"),
    [
        ("private", "wants a user and a password"),
        ("away", "only https:// is"),
        ("lying", "its manifest has sha256:"),
        ("large", "larger than 4 MiB"),
        ("strange", "neither a digest nor a manifest"),
    ],
)
def test_no_digest_is_made_up(host: str, manner: str, message: str) -> None:
    """What is not said clearly is an error."""
    with pytest.raises(RegistryError, match=message):
        Registries().digest(f"{host}/{manner}/x", "1")


def test_a_tag_that_is_not_there_is_said(host: str) -> None:
    """With the whole reference."""
    with pytest.raises(RegistryError, match=rf"{host}/open/x:2: {host} has no such image"):
        Registries().digest(f"{host}/open/x", "2")


def test_a_registry_that_is_not_there_is_said() -> None:
    """Apart from other errors, so that it is asked once alone."""
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 cannot be reached: "):
        Registries().digest("127.0.0.1:9/x", "1")


@pytest.mark.parametrize("url", ["http://registry.example.com/v2/", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_https_is_asked(url: str) -> None:
    """And HTTP on this machine."""
    with pytest.raises(ValueError, match="only https:// is"):
        Registries().admit(url)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("busybox", ("registry-1.docker.io", "library/busybox")),
        ("seldonio/server", ("registry-1.docker.io", "seldonio/server")),
        ("docker.io/seldonio/server", ("registry-1.docker.io", "seldonio/server")),
        ("ghcr.io/acme/iris", ("ghcr.io", "acme/iris")),
        ("localhost/x", ("localhost", "x")),
        ("registry:5000/x", ("registry:5000", "x")),
    ],
)
def test_a_name_without_a_host_is_docker_hubs(name: str, expected: tuple[str, str]) -> None:
    """As Docker reads it."""
    assert address(name) == expected


BLOCK = """\
# The cluster.
apiVersion: mlops-charts/v1
kind: Platform
pipeline:
  namespace: "{{model}}-pipeline"   # one each
  runtimeImage: {host}/open/x:1  # the steps
images:
  trivy: "{host}/locked/x:1"
  syft: '{host}/plain/x:1'   # bills
  cosign: {host}/open/x:1@sha256:{zeros}
"""
FLOW = """\
{{apiVersion: mlops-charts/v1, kind: Platform, pipeline: {{runtimeImage: "{host}/open/x:1"}},
 images: {{trivy: {host}/locked/x:1, syft: '{host}/plain/x:1', cosign: {host}/open/x:1@sha256:{zeros}}}}}
"""


@pytest.mark.parametrize("layout", [BLOCK, FLOW, BLOCK.replace("\n", "\r\n"), BLOCK.rstrip("\n")])
def test_only_the_images_change(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    """Comments, quotes, order and line ends stay; a second time there is nothing to do."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "platform.yaml"
    text = layout.format(host=host, zeros="0" * 64)
    file.write_bytes(text.encode())
    assert status_of(["platform", "pin"]) == 0
    out, err = capsys.readouterr()
    expected = text
    for image in (f"{host}/locked/x:1", f"{host}/plain/x:1"):
        expected = expected.replace(image, f"{image}@{DIGEST}")
    expected = expected.replace(f"{host}/open/x:1", f"{host}/open/x:1@{DIGEST}", 1)
    assert expected.encode() == file.read_bytes()
    assert f"pipeline.runtimeImage: {host}/open/x:1 -> {host}/open/x:1@{DIGEST}\n" in out
    assert "images.kaniko: ghcr.io/osscontainertools/kaniko" in err
    assert status_of(["platform", "pin"]) == 0
    assert capsys.readouterr().out == ""
    assert expected.encode() == file.read_bytes()


def test_all_or_nothing(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One tag that cannot be resolved leaves the file as it was; exit status 3, and each registry is named once."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "platform.yaml"
    text = BLOCK.format(host=host, zeros="0" * 64).replace(f"{host}/plain", "127.0.0.1:9/a")
    text = text.replace(f"{host}/locked", "127.0.0.1:9/b")
    file.write_text(text, "utf-8")
    assert status_of(["platform", "pin"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("127.0.0.1:9 cannot be reached") == 1
    assert err.endswith("nothing was written\n")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: mlops-charts/v1\nkind: Platform\n# end",
        "apiVersion: mlops-charts/v1\nkind: Platform\nimages:\n  # tools\n    trivy: {host}/open/x:1\n",
        "{apiVersion: mlops-charts/v1, kind: Platform, images: {}}\n",
    ],
)
def test_defaults_can_be_stated(host: str, tmp_path: Path, text: str) -> None:
    """In the block where they belong, which is made where there is none; resolved from wherever they are."""
    from mlops_charts.platform_pin import edited  # noqa: PLC0415
    from mlops_charts.source import parse  # noqa: PLC0415

    text = text.replace("{host}", host)
    source, _ = parse(text, "platform.yaml")
    assert source is not None
    images = {("pipeline", "runtimeImage"): "a:1", ("images", "kaniko"): f"b:1@{DIGEST}", ("images", "syft"): "c:1"}
    result, problems = parse(edited(text, source, images), "platform.yaml")
    assert result is not None
    assert problems == []
    assert result.data["pipeline"] == {"runtimeImage": "a:1"}
    assert {"kaniko": f"b:1@{DIGEST}", "syft": "c:1"}.items() <= result.data["images"].items()


def test_an_image_over_several_lines_is_refused(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said where it stands; nothing is written."""
    monkeypatch.chdir(tmp_path)
    text = f"apiVersion: mlops-charts/v1\nkind: Platform\nimages:\n  syft: >-\n    {host}/open/x:1\n"
    (tmp_path / "platform.yaml").write_text(text, "utf-8")
    assert status_of(["platform", "pin"]) == 1
    assert "platform.yaml:4:9: images.syft: write the image on one line" in capsys.readouterr().err
    assert text == (tmp_path / "platform.yaml").read_text("utf-8")


def test_a_platform_with_problems_or_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any registry is asked."""
    monkeypatch.chdir(tmp_path)
    assert status_of(["platform", "pin"]) == 1
    assert "no platform.yaml" in capsys.readouterr().err
    (tmp_path / "platform.yaml").write_text("apiVersion: mlops-charts/v1\nkind: Platform\nimags: {}\n", "utf-8")
    assert status_of(["platform", "pin"]) == 1
    assert "platform.yaml:3:1: imags" in capsys.readouterr().err
