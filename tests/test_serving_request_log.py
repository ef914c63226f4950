"""The request log: what is kept and what is not, where it goes, how long it stays, and what a broken store costs."""

from __future__ import annotations

import gzip
import json
import math
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server, free_port, s3_server

from mlops_charts.saved_model import Answers
from mlops_charts.serving import request_log
from mlops_charts.serving.asked import Identity, LogAsked
from mlops_charts.serving.log_stores import FolderStore, NotStored, S3Store, Store, ended_at, object_name, store_at
from mlops_charts.serving.request_log import DROPPED, QUEUE_BYTES, WRITTEN, Kept, RequestLog
from mlops_charts.serving.signing import Keys, key_path, signed

WHO = Identity("iris", "blue", "1.2.0")
ROWS = {"a": np.array([1.5, np.nan]), "t": np.array(["x", None], object), "b": np.array([b"\xff", b""], object)}
ANSWERS = Answers(np.array(["yes", "no"], object), np.array([[0.75, 0.25], [0.5, 0.5]]))
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3") / "buckets"
    (folder / "mlops").mkdir(parents=True)
    with s3_server(folder) as found:
        yield found


def store_of(s3: S3Server, secret: str = SECRET_KEY, bucket: str = "mlops") -> S3Store:
    return S3Store(s3.endpoint, "us-east-1", bucket, "requests/iris", Keys(ACCESS_KEY, secret))


def put(store: Store, content: bytes) -> None:
    """Keep an object of some time; a server on a busy machine may be asked again, as the log itself does."""
    for last in (False, False, True):
        try:
            return store.put(object_name(NOW, "x"), content)
        except NotStored as error:
            if last or "timed out" not in str(error):
                raise
    return None


def lines(folder: Path) -> list[dict[str, Any]]:
    found = sorted(folder.rglob("*.jsonl.gz"))
    return [json.loads(line) for path in found for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_signature_is_that_of_the_published_example() -> None:
    """The example of the Amazon S3 reference: an object whose first ten bytes are asked for."""
    found = signed(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        {},
        body=b"",
        keys=Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        now=datetime(2013, 5, 24, tzinfo=UTC),
        headers={"range": "bytes=0-9"},
    )
    assert found["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


@pytest.mark.parametrize("token", ["", "a/token=="])
@pytest.mark.parametrize("key", ["plain", "with space/ü+~&=.gz", "a%20b"])
def test_signature_is_that_of_amazons_own_library(key: str, token: str) -> None:
    """Whatever stands in a name or a query."""
    url, query = "http://s3.storage:8333" + key_path("mlops", key), {"prefix": "a b/ü", "list-type": "2"}
    found = signed(
        "PUT", url, query, body=b"body", keys=Keys("access", "secret", token), region="eu", now=datetime.now(UTC)
    )
    request = AWSRequest("PUT", url, params=query, data=b"body", headers={"x-amz-content-sha256": "replaced"})
    theirs = S3SigV4Auth(Credentials("access", "secret", token or None), "s3", "eu")
    theirs.add_auth(request)
    date = request.headers["X-Amz-Date"]
    again = signed(
        "PUT", url, query, body=b"body", keys=Keys("access", "secret", token), region="eu",
        now=datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )  # fmt: skip
    assert found.keys() == again.keys()
    assert again["authorization"].rpartition("=")[2] == request.headers["Authorization"].rpartition("=")[2]


def test_secrets_are_not_shown() -> None:
    """What is printed of keys is not what must be kept."""
    assert "hidden" not in repr(store_of(S3Server("http://s3", Path()), "hidden")) + repr(Keys("a", "b", "hidden"))


def test_records_hold_answers_and_no_features(tmp_path: Path) -> None:
    """Inputs are not kept unless the spec says so, whatever they are."""
    counts = [0.0, 0.0]
    kept = RequestLog(FolderStore(tmp_path), WHO, Kept(1.0), counts)
    kept.answered("7", lambda: ROWS, ANSWERS, 100)
    kept.told("7", 1.0, ["no"], 50)
    kept.close()

    answered, told = lines(tmp_path)
    times = [datetime.fromisoformat(one.pop("time")) for one in (answered, told)]
    about = {"id": "7", "model": "iris", "version": "1.2.0", "slot": "blue"}
    probabilities = [[0.75, 0.25], [0.5, 0.5]]
    assert answered == {**about, "answers": {"labels": ["yes", "no"], "probabilities": probabilities}}
    assert told == {**about, "reward": 1.0, "truth": ["no"]}
    assert all(abs(datetime.now(UTC) - time) < timedelta(minutes=5) for time in times)
    assert counts == [2, 0]


def test_features_are_kept_where_the_spec_says_so(tmp_path: Path) -> None:
    """Columns by name; bytes in base64, what is missing as null."""
    kept = RequestLog(FolderStore(tmp_path), WHO, Kept(1.0, features=True))
    kept.answered("", lambda: ROWS, Answers(np.array([1.5, math.inf])), 100)
    kept.close()

    (found,) = lines(tmp_path)
    assert found["features"] == {"a": [1.5, None], "t": ["x", None], "b": ["/w==", ""]}
    assert found["answers"] == {"labels": [1.5, None]}


def test_sample_follows_the_id(tmp_path: Path) -> None:
    """A share is kept; feedback on a request is kept exactly where the request was."""
    kept = RequestLog(FolderStore(tmp_path), WHO, Kept(0.1))
    for number in range(4000):
        kept.answered(str(number), dict, ANSWERS, 0)
        kept.told(str(number), 1.0, None, 0)
        kept.answered("", dict, ANSWERS, 0)
    kept.close()

    found = lines(tmp_path)
    answered = {one["id"] for one in found if one["id"] and "answers" in one}
    assert answered == {one["id"] for one in found if "reward" in one}
    assert 300 < len(answered) < 500
    assert 300 < sum(not one["id"] for one in found) < 500


def test_s3_takes_objects_and_gives_up_the_old_ones(s3: S3Server) -> None:
    """Objects lie under the prefix; what ended too long ago goes, and what others put there stays."""
    store = store_of(s3)
    folder = s3.folder / "mlops/requests/iris"
    kept = RequestLog(store, WHO, Kept(1.0, retain=3600))
    kept.answered("1", lambda: ROWS, ANSWERS, 0)
    kept.close(60)
    put(store, b"old")
    (folder / "2020-01-01").mkdir()
    (folder / "2020-01-01/notes.txt").write_bytes(b"another's")

    removed = kept.sweep() or kept.sweep()

    (fresh,) = folder.rglob("*.jsonl.gz")
    assert (removed, lines(folder)[0]["id"]) == (1, "1")
    assert ended_at(fresh.relative_to(folder).as_posix())
    assert (folder / "2020-01-01/notes.txt").read_bytes() == b"another's"


def test_s3_that_says_no_is_told(s3: S3Server, capfd: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """A wrong key, a bucket that is none and a server that is none: one line each, records counted as dropped."""
    monkeypatch.setattr(request_log, "_TRIES", ())
    wrong = RequestLog(store_of(s3, "wrong"), WHO, Kept(1.0), counts := [0.0, 0.0])
    wrong.answered("1", dict, ANSWERS, 0)
    wrong.answered("2", dict, ANSWERS, 0)
    wrong.close()
    said = json.loads(capfd.readouterr().err)

    assert (counts[WRITTEN], counts[DROPPED]) == (0, 2)
    assert (said["event"], said["records"]) == ("request log not written", 2)
    assert "403 SignatureDoesNotMatch" in said["reason"]
    assert "wrong" not in said["reason"]
    assert wrong.sweep() == 0
    with pytest.raises(NotStored, match="404 NoSuchBucket"):
        store_of(s3, bucket="none").put("x", b"")
    nobody = S3Store(f"http://127.0.0.1:{free_port()}", "eu", "mlops", "", Keys("a", "b"))
    with pytest.raises(NotStored, match="Connection refused"):
        nobody.put("x", b"")


class Odd:
    """A store that raises what no store says it does, as often as a test wants."""

    def __init__(self, times: int) -> None:
        self.times, self.objects = times, list[bytes]()

    def put(self, _name: str, content: bytes) -> None:
        """Keep an object, or fail."""
        self.times -= 1
        if self.times >= 0:
            raise RuntimeError("odd")
        self.objects.append(content)

    def remove(self, _before: datetime) -> int:
        """Fail."""
        raise RuntimeError("odd")


def test_what_nobody_thought_of_ends_no_log(capfd: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """It stands in the server's log, what was lost is counted, and the thread keeps what comes later."""
    monkeypatch.setattr(request_log, "_TRIES", ())
    monkeypatch.setattr(request_log, "OBJECT_BYTES", 1)
    kept = RequestLog(store := Odd(1), WHO, Kept(1.0), counts := [0.0, 0.0])
    for number in range(2):
        kept.answered(str(number), dict, ANSWERS, 0)
    kept.close()
    said = json.loads(capfd.readouterr().err)

    assert (said["event"], said["reason"], counts) == ("request log not written", "RuntimeError: odd", [1, 1])
    assert json.loads(gzip.decompress(store.objects[0]))["id"] == "1"
    assert kept.sweep() == 0
    assert json.loads(capfd.readouterr().err)["reason"] == "RuntimeError: odd"


class Blocked:
    """A store that takes its time, until a test lets it go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.objects: list[bytes] = []

    def put(self, _name: str, content: bytes) -> None:
        """Keep an object."""
        self.begun.set()
        assert self.go.wait(30)
        self.objects.append(content)

    def remove(self, _before: datetime) -> int:
        """Remove nothing."""
        return 0


def test_nothing_waits_for_the_log(monkeypatch: Any) -> None:
    """While the store does not answer, records wait up to a size, and beyond it are dropped and counted."""
    monkeypatch.setattr(request_log, "OBJECT_BYTES", 1)
    store = Blocked()
    kept = RequestLog(store, WHO, Kept(1.0), counts := [0.0, 0.0])
    kept.answered("first", dict, ANSWERS, 0)
    assert store.begun.wait(30)

    for _ in range(20):
        kept.answered("more", dict, ANSWERS, QUEUE_BYTES // 10)

    assert counts == [0, 11]
    store.go.set()
    kept.close(30)
    assert counts == [10, 11]


def test_objects_are_limited_in_size(tmp_path: Path, monkeypatch: Any) -> None:
    """A new object begins where one is full, a record that is too long is dropped, rows beyond a number left out."""
    monkeypatch.setattr(request_log, "OBJECT_BYTES", 100_000)
    kept = RequestLog(FolderStore(tmp_path), WHO, Kept(1.0, features=True), counts := [0.0, 0.0])
    kept.answered("long", lambda: {"t": np.array(["x" * 2**20], object)}, ANSWERS, 0)
    for _ in range(40):
        kept.answered("many", lambda: {"a": np.arange(5000.0)}, Answers(np.arange(5000.0)), 0)
    kept.close(30)

    found = [gzip.decompress(path.read_bytes()) for path in tmp_path.rglob("*.jsonl.gz")]
    assert counts == [40, 1]
    assert len(found) > 3
    assert max(map(len, found)) < 130_000
    assert [len(one["features"]["a"]) for one in lines(tmp_path)] == [1000] * 40


def test_folder_gives_up_the_old_ones(tmp_path: Path) -> None:
    """Only objects of the log go, and days that are empty then."""
    store = FolderStore(tmp_path)
    store.put(object_name(NOW, "x"), b"")
    store.put(object_name(NOW + timedelta(days=1), "x"), b"")
    store.put("2020-99-99/999999Z-x.jsonl.gz", b"")

    assert store.remove(NOW + timedelta(hours=1)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2020-99-99", "2026-11-24"]
    (tmp_path / "file").touch()
    with pytest.raises(NotStored, match="Not a directory"):
        FolderStore(tmp_path / "file").put("a/b", b"")


def test_names_sort_by_age() -> None:
    """A name begins with the time after which nothing stands in it; others say nothing."""
    name = object_name(NOW, "1.2.0-blue-host/..-1")
    assert (name, ended_at(name)) == ("2026-11-23/120000Z-1.2.0-blue-host-..-1.jsonl.gz", NOW)
    assert [ended_at(one) for one in ("x", "../2026-11-23/120000Z-a.jsonl.gz", "2026-13-23/120000Z-a.jsonl.gz")] == [
        None
    ] * 3


def test_target_and_variables_say_where(s3: S3Server, tmp_path: Path) -> None:
    """A folder, or a prefix of a bucket; the endpoint is the one that is asked for, else that of the variables."""
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    asked = LogAsked("s3://mlops/requests/rose/", 0.5, s3.endpoint)

    put(store_at(asked, keys), b"kept")
    assert (s3.folder / "mlops/requests/rose/2026-11-23/120000Z-x.jsonl.gz").read_bytes() == b"kept"
    assert store_at(LogAsked(str(tmp_path), 1), {}) == FolderStore(tmp_path)
    assert store_at(LogAsked("s3://b", 1), {**keys, "AWS_ENDPOINT_URL": "http://s3"}) == S3Store(
        "http://s3", "us-east-1", "b", "", Keys(ACCESS_KEY, SECRET_KEY)
    )
    own = store_at(LogAsked("s3://b/p", 1, region="eu-west-1"), keys)
    assert isinstance(own, S3Store)
    assert own.endpoint == "https://s3.eu-west-1.amazonaws.com"
    for target, endpoint in (("s3:///x", ""), ("s3://b", "s3.storage:8333")):
        with pytest.raises(NotStored, match="cannot go to"):
            store_at(LogAsked(target, 1, endpoint), keys)
