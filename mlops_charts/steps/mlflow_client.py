"""Reaching MLflow: a client that is quiet and says soon, in one line, that MLflow cannot be reached.

It knows MLflow, a server or a SQLite file, and its ways to fail; it must not know models, runs or steps.
"""

from __future__ import annotations

import fcntl
import importlib
import logging
import os
import random
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlops_charts.steps.call import Unavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

_SQLITE: Final = "sqlite:///"
_TIMEOUT: Final = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_UNHURRIED: Final = "900"  # seconds until a server has handed a large file on to its storage
_PATIENCE: Final = 60.0  # seconds with a database that others write to
_LONGEST_REASON: Final = 300
_SETTINGS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.5",
    _TIMEOUT: "20",
    "GIT_PYTHON_REFRESH": "quiet",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # else boto3 asks for what many servers of S3 do not know
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
_RIVALS: Final = (
    "database is locked",
    "UNIQUE constraint failed",
    "duplicate key value",
    "Duplicate entry",
    "deadlock",
)
_REFUSALS: Final = ("SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "request signature we calculated")
_NOISY: Final = ("mlflow", "alembic", "urllib3", "botocore")


@dataclass(frozen=True)
class Connection:
    """MLflow, as it is asked.

    Attributes:
        uri: The tracking URI.
        client: MLflow's own client.
    """

    uri: str
    client: MlflowClient

    def ask(self, question: Callable[[MlflowClient], T]) -> T:
        """Return MLflow's answer.

        Raises:
            Unavailable: It cannot be reached, or says no; in one line.
        """
        begun = time.monotonic()
        while True:
            try:
                return question(self.client)
            except Exception as error:
                if _is_busy(error) and time.monotonic() - begun < _PATIENCE:
                    time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - two writers part
                elif isinstance(error, _failures()):
                    raise Unavailable(f"MLflow at {shown(self.uri)}: {reason(error)}") from None
                else:
                    raise


def connect(uri: str, environ: Mapping[str, str]) -> Connection:
    """Return a connection to MLflow; the first question may still find that nobody is there.

    Args:
        uri: A tracking URI: http(s)://..., or sqlite:///FILE.
        environ: Variables of the environment; what they say of MLflow goes before our settings.

    Raises:
        Unavailable: MLflow is not installed, or the folder of the database cannot be made.
    """
    for name, setting in _SETTINGS.items():
        os.environ.setdefault(name, environ.get(name, setting))
    _quieten()
    if (folder := beside(uri)) is not None:
        _make(folder, uri)
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = folder.as_uri()  # else MLflow makes ./mlruns wherever it runs
    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError:
        message = "MLflow is not installed, and runs are kept in it; pip install 'mlops-charts[steps]' brings it"
        raise Unavailable(message) from None
    _quieten()  # MLflow sets its own level when it is imported
    return Connection(uri, _client(mlflow, uri))


@contextmanager
def unhurried() -> Iterator[None]:
    """Let MLflow take its time with files: its server answers only once it has handed them on to its storage."""
    before = os.environ.get(_TIMEOUT)
    if before == _SETTINGS[_TIMEOUT]:
        os.environ[_TIMEOUT] = _UNHURRIED
    try:
        yield
    finally:
        if before is not None:
            os.environ[_TIMEOUT] = before


def beside(uri: str) -> Path | None:
    """Return the folder of artifacts beside a SQLite database; None for a server, which knows its own."""
    if not uri.startswith(_SQLITE):
        return None
    return Path(uri.removeprefix(_SQLITE)).absolute().parent / "artifacts"


def shown(text: str) -> str:
    """Return an address, or a text with addresses, without the passwords that may stand in it."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def reason(error: BaseException) -> str:
    """Return why MLflow failed, in one line."""
    text = shown(re.split(r"\[SQL:|\(Background on this", " ".join(str(error).split()), maxsplit=1)[0].rstrip())
    if "Can't locate revision" in text:
        return "its database is of a newer MLflow than the one that is installed here"
    if "Connection" in type(error).__name__ or "Max retries exceeded" in text:
        storage = f"its storage of artifacts at {_address(text)} " if "endpoint URL" in text else ""
        return f"{storage}cannot be reached: {_inner(text)}"
    if sign := next((one for one in _REFUSALS if one in text), ""):
        return f"its storage of artifacts refuses AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({sign})"
    if len(text) > _LONGEST_REASON:
        text = f"{text[:_LONGEST_REASON]}..."
    return text or type(error).__name__


def _quieten() -> None:
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings(
        "ignore", module=r"(mlflow|sqlalchemy|alembic)\b"
    )  # of MLflow's code, not of anybody's here


def _address(text: str) -> str:
    found = re.search(r"https?://[^\s/'\"]+", text)
    return found.group() if found else ""


def _inner(text: str) -> str:
    known = ("Connection refused", "Name or service not known", "Temporary failure in name resolution", "timed out")
    return next((one for one in known if one.lower() in text.lower()), "no connection")


def _client(mlflow: Any, uri: str) -> MlflowClient:
    try:
        with _alone(uri):
            client: MlflowClient = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
            if uri.startswith(_SQLITE):
                client.search_registered_models(max_results=1)
    except ImportError as error:
        raise Unavailable(f"MLflow at {shown(uri)}: the package {error.name} is not installed") from None
    except Exception as error:
        if isinstance(error, _failures()):
            raise Unavailable(f"MLflow at {shown(uri)}: {reason(error)}") from None
        raise
    return client


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Let no other process make the tables of the same SQLite file meanwhile: MLflow's migrations would meet."""
    if (folder := beside(uri)) is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(folder: Path, uri: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"MLflow at {shown(uri)}: {folder} cannot be made: {error.strerror}") from None


def _is_busy(error: Exception) -> bool:
    """Return whether others were writing the same; whatever was asked has then left nothing, and is asked again."""
    exists = getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS"
    return not exists and any(sign in str(error) for sign in _RIVALS)


def _failures() -> tuple[type[Exception], ...]:
    """Return what MLflow and the storage of its artifacts raise, of those modules that are loaded at all."""
    named = (
        ("mlflow.exceptions", "MlflowException"),
        ("sqlalchemy.exc", "SQLAlchemyError"),
        ("alembic.util.exc", "CommandError"),
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("boto3.exceptions", "Boto3Error"),
    )
    found = [getattr(sys.modules[module], name) for module, name in named if module in sys.modules]
    return (OSError, *found)
