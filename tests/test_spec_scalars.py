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


@pytest.mark.parametrize("line", ["0 3 * * 1", "*/15 * * * *", "0 0 1 jan mon-fri", "1,2 1-5/2 * * 7"])
def test_cron_lines(line: str) -> None:
    """Cron lines of all usual forms are accepted."""
    assert TypeAdapter(scalars.Cron).validate_python(line) == line


@pytest.mark.parametrize(
    "line", ["", "0 3 * *", "60 * * * *", "* * 0 * *", "* * * 13 *", "*/0 * * * *", "5-1 * * * *", "a b c d e"]
)
def test_cron_lines_that_are_none(line: str) -> None:
    """Values beyond their range, and too few fields, are refused."""
    with pytest.raises(ValidationError, match=r"no |fields"):
        TypeAdapter(scalars.Cron).validate_python(line)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (scalars.Quantity, ("", "512MB", "-1", "1 Gi", True, [])),
        (scalars.Duration, ("", "5", "5 m", "0s", "1d", "-5m", 5)),
        (scalars.ModelName, ("", "Iris", "1iris", "iris-", "a" * 31, "a_b", "iris\n")),
        (scalars.Image, ("iris", "iris:latest", "Iris:1", "iris:1@sha256:0")),
        (scalars.ImageName, ("iris:1", "IRIS", "")),
        (scalars.Moment, ("2026-12-20", "2026-12-20T00:00:00", "soon")),
        (scalars.TimeZone, ("Berlin", "")),
        (scalars.Entrypoint, ("train", "train.py", "train.py:", "/train.py:f", "../x.py:f:g")),
        (scalars.GitUrl, ("models", "https://", "ftp://x/y")),
        (scalars.HttpUrl, ("mlflow:5000", "http://", "https:// x")),
        (scalars.EnvironmentVariable, ("1A", "A-B", "")),
        (scalars.SecretName, ("Secret", "a_b", "-a", "")),
    ],
)
def test_wrong_scalars(kind: object, wrong: tuple[object, ...]) -> None:
    """What has not the form is refused, whatever it is."""
    for found in wrong:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(found)


@given(hours=st.integers(0, 999), minutes=st.integers(0, 59), millis=st.integers(1, 999))
def test_any_duration(hours: int, minutes: int, millis: int) -> None:
    """Every sum of parts is a duration of their sum."""
    text = TypeAdapter(scalars.Duration).validate_python(f"{hours}h{minutes}m{millis}ms")
    assert scalars.seconds(text) == pytest.approx(hours * 3600 + minutes * 60 + millis / 1000)
