"""Rows on S3, held against a real server with keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from model_servers import free_port
from s3_server import S3Server, s3_server
from test_step_data import make_call, parquet

from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.data import data_digest, divided, load

HEAD, ROWS = "a,target\n", "1,x\n2,y\n" * 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with one bucket of rows."""
    folder = tmp_path_factory.mktemp("s3") / "buckets"
    parts = folder / "lake" / "parts"
    parts.mkdir(parents=True)
    (folder / "lake" / "rows.csv").write_text(HEAD + ROWS)
    (parts / "b.csv").write_text("target,a\nz,5\n" + "z,6\n" * 9)
    frame = pd.DataFrame({"a": [1, 2] * 10, "target": ["x", "y"] * 10})
    (parts / "a.parquet").write_bytes(parquet(frame, folder.parent / "made.parquet"))
    (parts / "_SUCCESS").write_text("")
    unlike = folder / "lake" / "unlike"
    unlike.mkdir()
    (unlike / "a.csv").write_text(HEAD + ROWS)
    (unlike / "b.csv").write_text("a,taget\n1,x\n")
    with s3_server(folder) as running:
        yield running


def on_s3(tmp_path: Path, server: S3Server, uri: str, **environ: str) -> Call:
    """Return a call whose rows lie on the server."""
    call = make_call(tmp_path, uri)
    variables = {**server.environ, **environ}
    return replace(call, environ={name: value for name, value in variables.items() if value})


def test_one_object(tmp_path: Path, server: S3Server) -> None:
    """An object has the rows that the same file has."""
    there = load(on_s3(tmp_path, server, "s3://lake/rows.csv"))
    here = load(make_call(tmp_path, "file://rows.csv", {"rows.csv": (HEAD + ROWS).encode()}, name="here"))
    pd.testing.assert_frame_equal(here, there)


def test_a_prefix_of_several(tmp_path: Path, server: S3Server) -> None:
    """Objects below a prefix are one table, in the order of their keys; columns are matched by name."""
    rows = load(on_s3(tmp_path, server, "s3://lake/parts/"))
    assert rows.shape == (30, 2)
    assert list(rows["a"][18:22]) == [1, 2, 5, 6]
    assert list(rows["target"][18:22]) == ["x", "y", "z", "z"]


def test_parts_that_differ(tmp_path: Path, server: S3Server) -> None:
    """Parts with other columns are told, each column on a line."""
    with pytest.raises(Refused) as caught:
        load(on_s3(tmp_path, server, "s3://lake/unlike/"))
    assert str(caught.value).splitlines() == [
        's3://lake/unlike/b.csv: has no column "target", which s3://lake/unlike/a.csv has',
        's3://lake/unlike/b.csv: has a column "taget", which s3://lake/unlike/a.csv lacks',
    ]


def test_digest_follows_keys_and_contents(tmp_path: Path, server: S3Server) -> None:
    """The digest changes with the content of an object, with its key, and with nothing else."""
    moving = server.folder / "lake" / "moving"
    moving.mkdir()
    (moving / "a.csv").write_text(HEAD + ROWS)
    server.forget()
    call = on_s3(tmp_path, server, "s3://lake/moving/")
    first = data_digest(call)
    assert first == data_digest(call)
    (moving / "a.csv").write_text(HEAD + ROWS + "3,x\n")
    server.forget()
    second = data_digest(call)
    (moving / "a.csv").rename(moving / "b.csv")
    server.forget()
    assert len({first, second, data_digest(call)}) == 3
    with pytest.raises(Refused, match="the data changed since guard looked at them"):
        divided(replace(call, parameters={"data-digest": first}))


@pytest.mark.parametrize(
    ("uri", "environ", "expected"),
    [
        ("s3://lake/none.csv", {}, "s3://lake/none.csv: there is no such object; a prefix of several ends in /"),
        ("s3://lake/none/", {}, "s3://lake/none/: there is no object of rows below it, CSV or Parquet"),
        ("s3://sea/rows.csv", {}, "s3://sea/rows.csv: there is no such bucket"),
        ("s3://sea/parts/", {}, "s3://sea/parts/: there is no such bucket"),
        ("s3://lake/parts/_SUCCESS", {}, "s3://lake/parts/_SUCCESS: rows are read from files that end in .csv"),
        (
            "s3://lake/rows.csv",
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "s3://lake/rows.csv: the secret key is wrong; see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "s3://lake/rows.csv",
            {"AWS_ACCESS_KEY_ID": "nobody"},
            "s3://lake/rows.csv: the access key is unknown there; see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "s3://lake/rows.csv",
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "s3://lake/rows.csv: there are no credentials; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY hold them",
        ),
        (
            "s3://lake/rows.csv",
            {"AWS_SECRET_ACCESS_KEY": "right\n"},
            "AWS_SECRET_ACCESS_KEY begins or ends with white space, such as the end of a line; no key does",
        ),
    ],
)
def test_what_the_user_must_put_right(  # noqa: PLR0917 - a case has these
    tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch, uri: str, environ: dict[str, str], expected: str
) -> None:
    """A wrong key, bucket or object is refused in one line that says which, and not tried again."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Refused) as caught:
        load(on_s3(tmp_path, server, uri, **environ))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(expected)


def test_a_server_that_is_not_there(tmp_path: Path, server: S3Server) -> None:
    """An endpoint that does not answer is a failure of a service, in one line, and tried again."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable) as caught:
        load(on_s3(tmp_path, server, "s3://lake/rows.csv", AWS_ENDPOINT_URL=endpoint))
    assert str(caught.value).startswith(f"s3://lake/rows.csv: {endpoint} cannot be asked: no connection")
    assert "\n" not in str(caught.value)


def test_a_server_of_something_else(tmp_path: Path, server: S3Server) -> None:
    """What answers every request with a page, such as the console of the storage, is told from an S3."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as page:
        thread = Thread(target=page.serve_forever, daemon=True)
        thread.start()
        call = on_s3(tmp_path, server, "s3://lake/rows.csv", AWS_ENDPOINT_URL=f"http://127.0.0.1:{page.server_port}")
        with pytest.raises(Unavailable, match="is no S3: it sends no ETag; see AWS_ENDPOINT_URL"):
            load(call)
        page.shutdown()
        thread.join()


def test_a_profile_that_is_not_there(tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's to put right."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Refused, match=r"^s3://lake/rows\.csv: The config profile \(nobody\) could not be found$"):
        load(on_s3(tmp_path, server, "s3://lake/rows.csv"))
