"""What a server is asked to do: what the command line and the variables of the environment say, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mlops_charts.contract import ALLOW_PICKLE, HTTP_PORT, METRICS_PORT, TRUSTED_TYPES

MAX_BODY_BYTES: Final = 16 * 2**20
MAX_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers; labels of every metric.

    Attributes:
        model: The model's name, which stands in the paths of version 2 of the protocol.
        slot: blue or green; empty outside of a release.
        version: The model's version.
        code_digest: What it was trained from; empty if nobody said.
        data_digest: What it was trained on; empty if nobody said.
        run_id: The run of the registry that trained it; empty if nobody said.
    """

    model: str = "model"
    slot: str = ""
    version: str = ""
    code_digest: str = ""
    data_digest: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class LogAsked:
    """What is kept of requests.

    Attributes:
        target: s3://BUCKET/PREFIX, or a folder.
        sample: Share of the requests.
        endpoint: The URL of the S3 server; empty for Amazon's own.
        region: As the server calls it.
        retain: Seconds until it is removed.
        features: Whether inputs are kept too.
    """

    target: str
    sample: float
    endpoint: str = ""
    region: str = "us-east-1"
    retain: float = 30 * 86400.0
    features: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a server is asked to do.

    Attributes:
        folder: The model's folder.
        identity: Who answers.
        host: The address to listen at.
        http_port: The port of predictions and health.
        metrics_port: The port of metrics; 0 for none.
        grpc_port: The port of version 2 over gRPC; 0 for none.
        protocol: The one that is documented; both are served.
        timeout: Seconds after which a request is given up.
        non_finite: What NaN and infinities are.
        max_body_bytes: The largest body.
        max_rows: The most rows of one request.
        workers: How many processes serve; 0 for one of each processor.
        batch_size: Rows that are computed together at most; one request may have more.
        batch_delay: Seconds that a batch waits at most while another one is computed.
        max_queue: Requests of one process that may be without an answer; 0 for as many as its speed allows.
        drift_window: Seconds over which drift is taken.
        drift_features: The features that are watched; empty for all that the profile has.
        request_log: What is kept of requests; None for nothing.
        trusted: Types that skops may load: what the image says, never what the model's folder does.
        allow_pickle: Whether a pickle may be loaded, by the same authority.
    """

    folder: Path
    identity: Identity = Identity()
    host: str = "0.0.0.0"  # noqa: S104 - a pod is reached from outside
    http_port: int = HTTP_PORT
    metrics_port: int = METRICS_PORT
    grpc_port: int = 0
    protocol: Literal["v2", "seldon"] = "v2"
    timeout: float = 5.0
    non_finite: Literal["reject", "missing"] = "reject"
    max_body_bytes: int = MAX_BODY_BYTES
    max_rows: int = MAX_ROWS
    workers: int = 0
    batch_size: int = 64
    batch_delay: float = 0.002
    max_queue: int = 0
    drift_window: float = 3600.0
    drift_features: tuple[str, ...] = ()
    request_log: LogAsked | None = None
    trusted: tuple[str, ...] = ()
    allow_pickle: bool = False


def trusted_by(environ: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    """Return the types that an image trusts, and whether it admits a pickle.

    An image says so by its variables, which the build step writes from model.yaml: git is what is trusted, and what a
    model's folder claims of itself is not.
    """
    named = re.split(r"[,\s]+", environ.get(TRUSTED_TYPES, ""))
    return tuple(filter(None, named)), environ.get(ALLOW_PICKLE) == "1"
