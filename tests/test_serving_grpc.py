"""Version 2 over gRPC: what a client of the protocol sends and gets, and that HTTP beside it counts the same."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import grpc
import pytest
from model_servers import IRIS_COLUMNS, Server, free_port, iris_folder, server, wait_for, waiting_folder
from rsgi_calls import app_of, ask

from mlops_charts import contract
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.grpc_messages import CONTENTS, METHODS, SERVICE, messages

ROW = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def iris(model: Path, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    options = (f"--grpc-port={port}", "--workers=2", "--max-rows=100", "--max-body=20000")
    with server(model, log, *options, env={"MODEL": "iris", "VERSION": "1.2.0"}) as found:
        yield found


@pytest.fixture(scope="module")
def channel(iris: Server, port: int) -> Iterator[Any]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as found:
        yield found


def call(channel: Any, method: str, **fields: Any) -> Any:
    ask = channel.unary_unary(
        f"/{SERVICE}/{method}",
        request_serializer=messages()[f"{method}Request"].SerializeToString,
        response_deserializer=messages()[f"{method}Response"].FromString,
    )
    return ask(messages()[f"{method}Request"](**fields), timeout=30, wait_for_ready=True)


def tensor(name: str, shape: list[int], datatype: str, **contents: Any) -> Any:
    held = {"contents": messages()["InferTensorContents"](**contents)} if contents else {}
    return messages()["ModelInferRequest.InferInputTensor"](name=name, shape=shape, datatype=datatype, **held)


def test_health_and_metadata(channel: Any) -> None:
    """As over HTTP."""
    assert call(channel, "ServerLive").live
    assert call(channel, "ServerReady").ready
    assert call(channel, "ModelReady", name="iris", version="1.2.0").ready
    assert call(channel, "ServerMetadata").name == "mlops-charts"
    about = call(channel, "ModelMetadata", name="iris")
    assert ([one.name for one in about.inputs], list(about.versions)) == ([*IRIS_COLUMNS], ["1.2.0"])
    assert [(one.name, one.datatype, list(one.shape)) for one in about.outputs] == [
        ("label", "BYTES", [-1]),
        ("probabilities", "FP64", [-1, 3]),
    ]


def test_the_example_is_answered_as_it_was(channel: Any, model: Path) -> None:
    """With a tensor of each column, in typed fields."""
    said = json.loads((model / "example.json").read_text())
    inputs = [tensor(one["name"], one["shape"], "FP64", fp64_contents=one["data"]) for one in said["v2"]["inputs"]]

    found = call(channel, "ModelInfer", model_name="iris", id="7", inputs=inputs)

    labels, probabilities = found.outputs
    assert (found.model_name, found.model_version, found.id) == ("iris", "1.2.0", "7")
    assert [one.decode() for one in labels.contents.bytes_contents] == said["answers"]["labels"]
    flat = [one for row in said["answers"]["probabilities"] for one in row]
    assert list(probabilities.contents.fp64_contents) == pytest.approx(flat)


def test_raw_values_are_answered_raw(channel: Any) -> None:
    """Little-endian numbers, and texts with their length ahead; only what is wanted comes."""
    wanted = [messages()["ModelInferRequest.InferRequestedOutputTensor"](name="label")]
    raw = [struct.pack("<8f", *ROW, *ROW)]

    found = call(
        channel, "ModelInfer", model_name="iris", inputs=[tensor("x", [2, 4], "FP32")], outputs=wanted,
        raw_input_contents=raw,
    )  # fmt: skip

    assert [one.name for one in found.outputs] == ["label"]
    assert list(found.raw_output_contents) == [(struct.pack("<I", 6) + b"setosa") * 2]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"model_name": "rose"}, "NOT_FOUND", 'no model "rose" is served here; "iris" is'),
        ({"model_name": "iris", "model_version": "9"}, "NOT_FOUND", 'no version "9" of iris'),
        ({"model_name": "iris"}, "INVALID_ARGUMENT", "inputs: a list of tensors was expected"),
        (
            {"model_name": "iris", "inputs": [tensor("x", [1, 4], "FP64", fp64_contents=ROW[:3])]},
            "INVALID_ARGUMENT",
            'input "x": shape [1, 4] holds 4 values, data has 3',
        ),
        (
            {"model_name": "iris", "inputs": [tensor("x", [1, 4], "FP64")], "raw_input_contents": [b"short"]},
            "INVALID_ARGUMENT",
            'input "x": ',
        ),
        (
            {"model_name": "iris", "inputs": [tensor("x", [1, 4], "FP64")], "raw_input_contents": [b"", b""]},
            "INVALID_ARGUMENT",
            "raw_input_contents: one for each of the 1 inputs was expected, found 2",
        ),
        (
            {"model_name": "iris", "inputs": [tensor("x", [1, 4], "FP16")]},
            "INVALID_ARGUMENT",
            'input "x": datatype: ',
        ),
        (
            {"model_name": "iris", "inputs": [tensor("x", [101, 4], "FP64", fp64_contents=ROW * 101)]},
            "RESOURCE_EXHAUSTED",
            "101 rows; at most 100 may come in one request",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(channel: Any, fields: dict[str, Any], code: str, message: str) -> None:
    """With the status that clients act on, and the sentence that HTTP has."""
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", **fields)

    assert caught.value.code().name == code
    assert caught.value.details()[: len(message)] == message


def test_a_message_that_is_too_large_is_not_read(channel: Any) -> None:
    """The limit of a body is that of a message."""
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", model_name="iris", id="x" * 20_001)

    assert caught.value.code().name == "RESOURCE_EXHAUSTED"


def test_both_ways_are_counted_together(channel: Any, iris: Server) -> None:
    """A request over gRPC stands in the same series."""
    series = f'{contract.REQUESTS}{{code="200",model="iris",slot="",version="1.2.0"}}'

    def counted() -> float:
        return next(float(line.rpartition(" ")[2]) for line in iris.metrics().splitlines() if line.startswith(series))

    before = counted()
    call(channel, "ModelInfer", model_name="iris", inputs=[tensor("x", [1, 4], "FP64", fp64_contents=ROW)])

    assert counted() == before + 1


def test_both_ways_share_their_limits_and_who_hangs_up_is_no_failure(tmp_path: Path) -> None:
    """What waits over gRPC leaves no room over HTTP; what is cancelled is neither counted nor in flight any more."""
    held, port = tmp_path / "held", free_port()
    held.touch()
    rows = [tensor("a", [1], "FP64", fp64_contents=[1.5]), tensor("wait", [1], "BYTES", bytes_contents=[bytes(held)])]
    options = ("--workers=1", "--max-queue=1", "--timeout=30s", f"--grpc-port={port}")
    with (
        server(waiting_folder(tmp_path / "model"), tmp_path / "log", *options) as found,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        infer = channel.unary_unary(
            f"/{SERVICE}/ModelInfer", request_serializer=messages()["ModelInferRequest"].SerializeToString
        )
        first = infer.future(messages()["ModelInferRequest"](model_name="model", inputs=rows), wait_for_ready=True)
        wait_for(Path(f"{held}.seen"))
        refused = found.post("/predict", {"data": {"ndarray": [[1, ""]]}})[0]
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, "ModelInfer", model_name="model", inputs=rows)
        first.cancel()
        end = monotonic() + 30
        while f'{contract.IN_FLIGHT}{{model="model",slot="",version=""}} 0.0' not in found.metrics():
            assert monotonic() < end, "it stays in flight"
        held.unlink()
        counted = [line for line in found.metrics().splitlines() if line.startswith(f"{contract.REQUESTS}{{")]

    assert (refused, caught.value.code().name) == (503, "UNAVAILABLE")
    labels = 'model="model",slot="",version=""'
    assert [line for line in counted if not line.endswith(" 0.0")] == [
        f'{contract.REQUESTS}{{code="503",{labels}}} 2.0'
    ]


def test_a_process_that_cannot_listen_is_not_ready(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The log says why, and no traffic comes to a pod that answers one of two ways only."""

    async def asked_of(port: int) -> int:
        app = app_of(Asked(model, host="127.0.0.1", grpc_port=port))
        app.__rsgi_init__(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return (await ask(app, "GET", contract.READY_PATH)).status

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert asyncio.run(asked_of(taken.getsockname()[1])) == 503
    assert '"event": "gRPC failed"' in capfd.readouterr().err


def test_numbers_are_those_of_the_protocol() -> None:
    """What stands on the wire is decided by them; a method has a request and an answer."""
    fields = {name: {one.name: one.number for one in made.DESCRIPTOR.fields} for name, made in messages().items()}

    assert fields["ModelInferRequest"] == {
        "model_name": 1, "model_version": 2, "id": 3, "parameters": 4, "inputs": 5, "outputs": 6,
        "raw_input_contents": 7,
    }  # fmt: skip
    assert fields["ModelInferResponse"]["raw_output_contents"] == 6
    assert fields["InferTensorContents"] == {
        "bool_contents": 1, "int_contents": 2, "int64_contents": 3, "uint_contents": 4, "uint64_contents": 5,
        "fp32_contents": 6, "fp64_contents": 7, "bytes_contents": 8,
    }  # fmt: skip
    assert set(CONTENTS.values()) == set(fields["InferTensorContents"])
    assert all(f"{name}{end}" in fields for name in METHODS for end in ("Request", "Response"))


def test_what_was_begun_over_grpc_is_answered_after_the_signal(model: Path, tmp_path: Path) -> None:
    """SIGTERM ends the server with 0, though a client holds its channel open."""
    port = free_port()
    with (
        server(model, tmp_path / "log", f"--grpc-port={port}", env={"MODEL": "iris"}) as found,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        assert call(channel, "ServerLive").live
        assert found.stop() == 0
