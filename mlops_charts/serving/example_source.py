"""Where an example.json is read from: a file, a folder, or the storage that prepackaged servers load models from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from mlops_charts.contract import EXAMPLE
from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.saved_model.example import Example

_S3 = "s3://"


class NoExample(Mistake):
    """There is no example where one was looked for."""


class NoStorage(MlopsChartsError):  # noqa: N818 - it says what is so
    """The storage does not answer."""


def read_file(path: Path) -> Example:
    """Return the example of a file; NoExample if it is none."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise NoExample(f"{path} cannot be read: {error.strerror}") from None
    return _parsed(text, str(path))


def read_at(uri: str, environ: Mapping[str, str]) -> Example:
    """Return the example of a model's folder.

    Args:
        uri: A path, file://, or s3://BUCKET/PATH.
        environ: AWS_ENDPOINT_URL_S3 and AWS_REGION say where the bucket is, boto3 finds the keys itself.

    Raises:
        NoExample: There is none.
        NoStorage: The storage does not answer, or lets nobody in.
    """
    if not uri.startswith(_S3):
        return read_file(Path(uri.removeprefix("file://")) / EXAMPLE)
    bucket, _, path = uri.removeprefix(_S3).rstrip("/").partition("/")
    key = f"{path}/{EXAMPLE}" if path else EXAMPLE
    return _parsed(_object(bucket, key, environ), f"{_S3}{bucket}/{key}")


def _object(bucket: str, key: str, environ: Mapping[str, str]) -> bytes:
    try:
        import boto3  # noqa: PLC0415 - only who reads from a storage needs it
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the same
    except ImportError:
        raise NoStorage("boto3 is not installed; pip install 'mlops-charts[steps]'") from None
    name = f"{_S3}{bucket}/{key}"
    try:
        client = boto3.client(
            "s3", endpoint_url=environ.get("AWS_ENDPOINT_URL_S3"), region_name=environ.get("AWS_REGION") or "us-east-1"
        )
        found: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"NoSuchKey", "NoSuchBucket"}:
            raise NoExample(f"{name} does not exist") from None
        raise NoStorage(f"{name} cannot be read: {code}") from None
    except (BotoCoreError, ValueError) as error:
        raise NoStorage(f"{name} cannot be read: {str(error).splitlines()[0]}") from None
    return found


def _parsed(text: bytes, name: str) -> Example:
    try:
        return Example.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        reason = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise NoExample(f"{name} is no example of this version: {reason}") from None
