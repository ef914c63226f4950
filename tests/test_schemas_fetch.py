"""Bringing pinned CRDs, from a real server on this machine."""

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops_charts.validation.schemas.fetch import LARGEST, FetchError, Pin, fetch, pins
from mlops_charts.validation.schemas.place import write_all

GOOD = b"kind: CustomResourceDefinition\n"
OTHER = b"kind: CustomResourceDefinition # tampered\n"
BODIES = {"/good.yaml": GOOD, "/other.yaml": OTHER, "/page.yaml": b"<html></html>", "/large.yaml": b"x" * (LARGEST + 1)}


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/drip.yaml":
            self._drip()
        elif self.path == "/moved.yaml":
            self._head(302, 0, location="/good.yaml")
        elif self.path == "/short.yaml":
            self._head(200, len(GOOD) + 5)
            self.wfile.write(GOOD)
        elif self.path in BODIES:
            self._head(200, len(BODIES[self.path]))
            self._write(BODIES[self.path])
        else:
            self._head(404, 0)

    def _head(self, status: int, length: int, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def _write(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _drip(self) -> None:
        """A byte every 20 ms, until nobody listens any more."""
        self._head(200, 1000)
        self.close_connection = False
        for _ in range(100):
            if self.close_connection:
                return
            self._write(b"#")
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        del format, args


@pytest.fixture
def base() -> Iterator[str]:
    """The address of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _pin(file: str, data: bytes = GOOD, *, known: bool = True) -> Pin:
    return Pin("Project v1", f"https://example.com/{file}", hashlib.sha256(data).hexdigest() if known else "", file)


def test_a_file_with_the_right_checksum_is_brought(base: str, tmp_path: Path) -> None:
    """It lies in the folder byte for byte, beside what was there."""
    (tmp_path / "mine.yaml").write_text("a: 1", encoding="utf-8")
    (result,) = fetch([_pin("good.yaml")], tmp_path, base=base)
    assert (result.status, result.sha256) == ("verified", hashlib.sha256(GOOD).hexdigest())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"good.yaml": GOOD, "mine.yaml": b"a: 1"}


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("other.yaml", "checksum mismatch"),
        ("large.yaml", "larger than 8 MiB"),
        ("none.yaml", "HTTP Error 404"),
        ("drip.yaml", r"took longer than 0\.2 s"),
        ("short.yaml", "bytes"),
        ("../good.yaml", "not the plain name"),
    ],
)
def test_anything_else_is_an_error_and_writes_nothing(base: str, tmp_path: Path, file: str, reason: str) -> None:
    """One bad file, and the good ones are not written either."""
    with pytest.raises(FetchError, match=reason) as caught:
        fetch([_pin("good.yaml"), _pin(file)], tmp_path / "crds", base=base, timeout=0.2)
    assert len(caught.value.reasons) == 1
    assert not (tmp_path / "crds").exists()


def test_all_reasons_are_given_at_once(base: str, tmp_path: Path) -> None:
    """Two bad files are two lines, each with the name of its file."""
    with pytest.raises(FetchError) as caught:
        fetch([_pin("other.yaml"), _pin("none.yaml")], tmp_path, base=base)
    assert [reason.split(":")[0] for reason in caught.value.reasons] == [
        "Project v1, other.yaml",
        "Project v1, none.yaml",
    ]


def test_a_redirect_within_what_is_allowed_is_followed(base: str, tmp_path: Path) -> None:
    """Release assets are redirected by their hosts."""
    assert [result.status for result in fetch([_pin("moved.yaml")], tmp_path, base=base)] == ["verified"]


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://example.com", "http://example.com", "example.com"])
def test_other_schemes_are_refused_before_anything_is_opened(tmp_path: Path, url: str) -> None:
    """A mirror may not point at the disk, nor at a host in the clear."""

    def opener(*args: object, **options: object) -> None:
        raise AssertionError((args, options))

    with pytest.raises(FetchError, match="only https"):
        fetch([_pin("good.yaml")], tmp_path, base=url, opener=opener)  # type: ignore[arg-type]


def test_a_pin_without_checksum_is_skipped(base: str, tmp_path: Path) -> None:
    """And is named as such."""
    results = fetch([_pin("good.yaml"), _pin("other.yaml", known=False)], tmp_path, base=base)
    assert [result.status for result in results] == ["verified", "skipped"]
    assert [path.name for path in tmp_path.iterdir()] == ["good.yaml"]


def test_a_pin_without_checksum_is_brought_on_request(base: str, tmp_path: Path) -> None:
    """It is reported as unverified, with the checksum that was found; what is no CRD at all is refused."""
    (result,) = fetch([_pin("other.yaml", known=False)], tmp_path, base=base, allow_unverified=True)
    assert (result.status, result.sha256) == ("unverified", hashlib.sha256(OTHER).hexdigest())
    with pytest.raises(FetchError, match="holds no CustomResourceDefinition"):
        fetch([_pin("page.yaml", known=False)], tmp_path, base=base, allow_unverified=True)


def test_no_answer_is_an_error(tmp_path: Path) -> None:
    """A port that nobody listens on."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        port = server.server_address[1]
    with pytest.raises(FetchError, match="refused"):
        fetch([_pin("good.yaml")], tmp_path, base=f"http://127.0.0.1:{port}")


def test_the_committed_pins_are_exact() -> None:
    """Each names a release over HTTPS and a file of its own; a checksum is whole or absent."""
    table = pins()
    assert len({pin.file for pin in table}) == len(table)
    for pin in table:
        version = pin.name.rpartition(" ")[2]
        assert pin.url.startswith("https://raw.githubusercontent.com/")
        assert f"/{version}/" in pin.url
        assert len(pin.sha256) in {0, 64}


def test_a_failure_while_writing_leaves_no_file(tmp_path: Path) -> None:
    """A name that cannot be written keeps the others from being moved."""
    with pytest.raises(OSError, match="too long"):
        write_all(tmp_path, {"a.yaml": GOOD, "b" * 300: GOOD})
    assert list(tmp_path.iterdir()) == []
