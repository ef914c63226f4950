"""Rows on any S3: which objects there are, and what is in them. It knows S3 and files of rows, not models.

An object is read exactly as it was when its digest was taken; what changes in between is refused.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.tables import concatenated, is_table, read_table

_CHUNK: Final = 1024 * 1024  # bytes held at a time
_KEYS: Final = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REFUSED: Final = {
    "InvalidAccessKeyId": f"the access key is unknown there; see {_KEYS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; see {_KEYS}",
    "AccessDenied": f"these credentials may not read it; see {_KEYS}",
    "403": f"these credentials may not read it; see {_KEYS}",
    "ExpiredToken": "the credentials have expired",
    "InvalidToken": "the session token is wrong; see AWS_SESSION_TOKEN",
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "there is no such object; a prefix of several ends in /",
    "404": "there is no such object; a prefix of several ends in /",
    "AuthorizationHeaderMalformed": "the region is wrong; see AWS_DEFAULT_REGION",
    "PermanentRedirect": "the bucket is in another region; see AWS_DEFAULT_REGION",
    "PreconditionFailed": "it changed while it was read; start the run again",
    "InvalidBucketName": "that is no name of a bucket",
}


@dataclass(frozen=True)
class Bucket:
    """One object, or all rows below a prefix.

    Attributes:
        call: The step's call, which says how to get there.
        uri: s3://BUCKET/KEY, or s3://BUCKET/PREFIX/.
    """

    call: Call
    uri: str

    def digest(self) -> str:
        """Return the SHA-256 of keys and ETags, without reading what is in the objects."""
        found = hashlib.sha256()
        for key, tag in self._objects:
            found.update(f"{key}\0{tag}\n".encode())
        return found.hexdigest()

    def read(self) -> Any:
        """Return the rows of all objects, in the order of their keys."""
        with tempfile.TemporaryDirectory() as scratch:
            return concatenated(
                [
                    (f"s3://{self._name}/{key}", self._table(key, tag, Path(scratch) / "rows"))
                    for key, tag in self._objects
                ]
            )

    @property
    def _name(self) -> str:
        return self.uri.removeprefix("s3://").partition("/")[0]

    @property
    def _key(self) -> str:
        return self.uri.removeprefix("s3://").partition("/")[2]

    @cached_property
    def _client(self) -> Any:
        return client(self.call)

    @cached_property
    def _objects(self) -> tuple[tuple[str, str], ...]:
        """Key and ETag of each object, by their keys."""
        with _speaking(self.uri, self.call):
            if not self._key.endswith("/"):
                answer = self._client.get_object(Bucket=self._name, Key=self._key)
                answer["Body"].close()
                return ((self._key, _tag(answer)),)
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=self._key)
            listed = sorted((one["Key"], _tag(one)) for page in pages for one in page.get("Contents", ()))
        found = tuple((key, tag) for key, tag in listed if is_table(key))
        if not found:
            raise Refused(f"{self.uri}: there is no object of rows below it, CSV or Parquet")
        return found

    def _table(self, key: str, tag: str, scratch: Path) -> Any:
        name = f"s3://{self._name}/{key}"
        with _speaking(name, self.call):
            answer = self._client.get_object(Bucket=self._name, Key=key, IfMatch=f'"{tag}"')
            if _tag(answer) != tag:  # a server that does not know If-Match
                raise Refused(f"{name}: {_REFUSED['PreconditionFailed']}")
            with scratch.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    file.write(chunk)
        return read_table(scratch, name)


def _tag(answer: Any) -> str:
    if "ETag" not in answer:
        raise Unavailable(
            "what answers at the endpoint of the storage is no S3: it sends no ETag; see AWS_ENDPOINT_URL"
        )
    return str(answer["ETag"]).strip('"')  # a listing may leave the quotes out


def client(call: Call) -> Any:
    """Return a client of the S3 that the environment names, else of platform.yaml's storage.

    Keys come from the environment; without them boto3 looks for those of a workload identity.
    """
    from boto3.session import Session  # noqa: PLC0415 - 0.3 s
    from botocore.config import Config  # noqa: PLC0415

    environ, storage = call.environ, call.spec.platform.storage
    for key in _KEYS.split(" and "):
        if environ.get(key, "") != environ.get(key, "").strip():
            raise Refused(f"{key} begins or ends with white space, such as the end of a line; no key does")
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=5,
        read_timeout=60,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().client(  # one of its own: the default one keeps the keys that it found first
        "s3",
        endpoint_url=environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or storage.endpoint,
        region_name=environ.get("AWS_DEFAULT_REGION") or environ.get("AWS_REGION") or storage.region,
        aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID") or None,
        aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY") or None,
        aws_session_token=environ.get("AWS_SESSION_TOKEN") or None,
        config=config,
    )


@contextmanager
def _speaking(name: str, call: Call) -> Iterator[None]:
    """Say in one line what S3 or the way to it says no with."""
    from botocore import exceptions as errors  # noqa: PLC0415 - 0.3 s

    try:
        yield
    except errors.ClientError as error:
        raise _answered(name, error.response) from None
    except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.TokenRetrievalError):
        raise Refused(f"{name}: there are no credentials; {_KEYS} hold them") from None
    except (errors.ParamValidationError, ValueError) as error:
        raise Refused(f"{name}: {' '.join(str(error).split())}") from None
    except (errors.ProfileNotFound, errors.ConfigParseError) as error:
        raise Refused(f"{name}: {' '.join(str(error).split())}") from None
    except errors.BotoCoreError as error:
        endpoint = call.environ.get("AWS_ENDPOINT_URL") or call.spec.platform.storage.endpoint
        reason = "no answer in time" if "imeout" in type(error).__name__ else "no connection, or it broke off"
        raise Unavailable(f"{name}: {endpoint} cannot be asked: {reason} ({type(error).__name__})") from None


def _answered(name: str, response: Any) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _REFUSED:
        return Refused(f"{name}: {_REFUSED[code]} ({code})")
    said = " ".join(str(response.get("Error", {}).get("Message", "")).split())
    return Unavailable(f"{name}: the server answers with HTTP status {status}: {code} {said}".rstrip())
