"""The scalars of a specification."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mlops_charts.spec import scalars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("1k", "1000"),
        ("1e3", "1000"),
        ("2E", "2e18"),
    ],
)
def test_quantity(text: str, expected: str) -> None:
    """A quantity is read as Kubernetes reads it."""
    assert scalars.quantity(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("2ms", 0.002), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("720h", 2592000)]
)
def test_seconds(text: str, expected: float) -> None:
    """A duration is the sum of its parts."""
    assert scalars.seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/acme/iris:1.0", ("ghcr.io/acme/iris", "1.0", "")),
        ("localhost:5000/iris", ("localhost:5000/iris", "", "")),
        (f"iris:1@sha256:{'0' * 64}", ("iris", "1", f"sha256:{'0' * 64}")),
    ],
)
def test_image_parts(text: str, expected: tuple[str, str, str]) -> None:
    """An image reference falls into name, tag and digest; a port is no tag."""
    assert scalars.image_parts(text) == expected


@pytest.mark.parametrize("line", ["0 3 * * 1", "*/15 * * * *", "0 0 1 jan mon-fri", "1,2 1-5/2 * * 0,6"])
def test_cron_lines(line: str) -> None:
    """Cron lines of all usual forms are accepted."""
    assert TypeAdapter(scalars.Cron).validate_python(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "0 3 * *",
        "60 * * * *",
        "* * 0 * *",
        "* * * 13 *",
        "*/0 * * * *",
        "5-1 * * * *",
        "a b c d e",
        "0 3 * * 7",
        "+5 3 * * 1",
        "\u0663 * * * *",
    ],
)
def test_cron_lines_that_are_none(line: str) -> None:
    """Values beyond their range, and too few fields, are refused."""
    with pytest.raises(ValidationError, match=r"no |fields"):
        TypeAdapter(scalars.Cron).validate_python(line)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (scalars.Quantity, ("", "512MB", "-1", "1 Gi", True, [])),
        (scalars.Cores, ("0", "0.0005", "1.0005", "1e5", 0)),
        (scalars.Bytes, ("0", "512m", "1", "8000000.5", "2Pi", "1e60")),
        (scalars.Duration, ("", "5", "5 m", "0s", "1d", "-5m", 5, "87601h", f"{'9' * 400}h")),
        (scalars.ModelName, ("", "Iris", "1iris", "iris-", "a" * 31, "a_b", "iris\n")),
        (scalars.Image, ("iris", "iris:latest", "Iris:1", "iris:1@sha256:0", f"{'a' * 256}:1")),
        (scalars.ImageName, ("iris:1", "IRIS", "", "a" * 256)),
        (scalars.Moment, ("2026-12-20", "2026-12-20T00:00:00", "soon")),
        (scalars.TimeZone, ("Berlin", "", "localtime", "right/UTC")),
        (scalars.Entrypoint, ("train", "train.py", "train.py:", "/train.py:f", "../x.py:f:g")),
        (scalars.GitUrl, ("models", "https://", "ftp://x/y", "https://h/{{x}}")),
        (scalars.GitBranch, ("", "-x", "a..b", "/x", "x/", "a//b", "x.lock", ".", "a/.b")),
        (
            scalars.HttpUrl,
            ("mlflow:5000", "http://", "https:// x", "http://a..b", "http://-a", "http://a:65536", "http://a/{{x}}"),
        ),
        (scalars.EnvironmentVariable, ("1A", "A-B", "")),
        (scalars.SecretName, ("Secret", "a_b", "-a", "", "a..b", "a-.b", "a" * 254)),
    ],
)
def test_wrong_scalars(kind: object, wrong: tuple[object, ...]) -> None:
    """What has not the form is refused, whatever it is."""
    for found in wrong:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(found)


def test_a_cron_line_is_written_one_way() -> None:
    """However many spaces stand between the fields, the line has one each."""
    assert TypeAdapter(scalars.Cron).validate_python(" 0  3\t* * 1 ") == "0 3 * * 1"


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        (scalars.Cores, ("1m", "0.5", "1e3", ".5", 1.5)),
        (scalars.Bytes, ("8Mi", "1.5Gi", "1e9", "2048M", "536870912")),
        (scalars.GitBranch, ("main", "release/1.x", "a_b-c")),
        (scalars.HttpUrl, ("http://a:65535/p?x=y", "https://H.example.com.", "http://10.0.0.1:80", "http://me@h")),
        (scalars.SecretName, ("a", "a.b-c", "0", "a" * 253)),
        (scalars.Duration, ("87600h", "0.5ms", "1h30m")),
    ],
)
def test_right_scalars(kind: object, right: tuple[object, ...]) -> None:
    """What the APIs accept is accepted."""
    for found in right:
        assert TypeAdapter(kind).validate_python(found) == str(found)


@given(hours=st.integers(0, 999), minutes=st.integers(0, 59), millis=st.integers(1, 999))
def test_any_duration(hours: int, minutes: int, millis: int) -> None:
    """Every sum of parts is a duration of their sum."""
    text = TypeAdapter(scalars.Duration).validate_python(f"{hours}h{minutes}m{millis}ms")
    assert scalars.seconds(text) == pytest.approx(hours * 3600 + minutes * 60 + millis / 1000)
