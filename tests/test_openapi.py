"""The server's description of itself: it says no more and no less than what is taken, and its page needs nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from model_servers import IRIS, WAITING_SIGNATURE

from mlops_charts.saved_model import Column, Example, ExampleAnswers, Signature
from mlops_charts.serving import protocol_seldon, protocol_v2
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.openapi import document
from mlops_charts.serving.openapi_schemas import Limits
from mlops_charts.serving.pages import DOCS_PATH, OPENAPI_PATH, pages

MIXED = Signature(
    task="regression",
    format="code",
    entrypoint="serve.py:Model",
    inputs=(
        Column(name="d", type="double", nullable=True),
        Column(name="i", type="integer"),
        Column(name="b", type="boolean", nullable=True),
        Column(name="s", type="string"),
        Column(name="x", type="bytes"),
    ),
)
FEW = Signature(task="classification", format="onnx", inputs=IRIS.inputs[:2], classes=("a", "b"), probabilities=True)
ROWS = {"d": [1.5, None], "i": [1, 2], "b": [True, None], "s": ["", "</script>"], "x": ["", "AAE="]}
KINDS = {"double": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES", "bytes": "BYTES"}
MAX_ROWS = 1000


def example_of(signature: Signature) -> Example:
    columns = {one.name: ROWS.get(one.name, [0.5, 2]) for one in signature.inputs}
    if signature is WAITING_SIGNATURE:
        columns = {"a": [1.5, None], "wait": ["", ""]}
    tensors = [{"name": one.name, "shape": [2], "datatype": KINDS[one.type], "data": columns[one.name]}
               for one in signature.inputs]  # fmt: skip
    return Example(
        v2={"inputs": tensors},
        seldon={
            "data": {"names": list(columns), "ndarray": [list(row) for row in zip(*columns.values(), strict=True)]}
        },
        answers=ExampleAnswers(labels=[0, 0]),
    )


def said(signature: Signature, **more: Any) -> dict[str, Any]:
    return document(Identity("iris", version="1.2.0"), signature, example_of(signature), Limits(MAX_ROWS, **more))


def validator(found: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": found["components"]})


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


@pytest.mark.parametrize("signature", [IRIS, FEW, MIXED, WAITING_SIGNATURE])
def test_the_document_holds_together(signature: Signature) -> None:
    """Every reference leads somewhere, every schema is one, every operation has a name of its own."""
    found = said(signature)
    schemas = found["components"]["schemas"]

    assert {one.removeprefix("#/components/schemas/") for one in references(found)} == set(schemas)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    operations = [operation["operationId"] for item in found["paths"].values() for operation in item.values()]
    assert len(operations) == len(set(operations))
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("signature", [IRIS, FEW, MIXED, WAITING_SIGNATURE])
def test_the_example_is_a_request_by_the_schema(signature: Signature) -> None:
    """In both protocols, and wherever the document shows it."""
    found = said(signature)
    posts = [path for path, item in found["paths"].items() if "post" in item]
    assert {"/v2/models/iris/infer", "/api/v1.0/predictions", "/api/v1.0/feedback"} < set(posts)
    for path in posts:
        content = found["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        name = content["schema"]["$ref"].rpartition("/")[2]
        assert list(validator(found, name).iter_errors(content["examples"]["saved"]["value"])) == []


def test_the_protocol_that_is_asked_for_stands_first() -> None:
    """Both are documented."""
    both = {face: document(Identity("m"), IRIS, example_of(IRIS), Limits(9), face) for face in ("v2", "seldon")}  # type: ignore[arg-type]

    assert next(iter(both["v2"]["paths"])) == "/v2/models/m/infer"
    assert next(iter(both["seldon"]["paths"])) == "/api/v1.0/predictions"
    assert set(both["v2"]["paths"]) == set(both["seldon"]["paths"])


ODD = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
JSON = (
    ODD
    | st.lists(ODD, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "data", "parameters", "x"]), ODD, max_size=2)
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(node[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("signature", [IRIS, FEW, MIXED])
@given(data=st.data())
def test_what_the_schema_admits_is_what_is_read(signature: Signature, missing: bool, data: st.DataObject) -> None:  # noqa: FBT001 - a parameter of the test
    """One value of the example becomes any other: the schema and the reader say yes to the same, but for shapes.

    The order of tensors and names stands in words, for JSON Schema would have to list every order.
    """
    found, example = said(signature, missing=missing), example_of(signature)
    for name, request, read in (
        ("InferRequest", example.v2, protocol_v2.read),
        ("SeldonRequest", example.seldon, protocol_seldon.read),
    ):
        path = data.draw(st.sampled_from(list(places(request))))
        request = changed(request, path, data.draw(JSON))  # noqa: PLW2901 - the request of this round
        admitted = validator(found, name).is_valid(request)
        try:
            read(request, Inputs(signature, MAX_ROWS, missing))
        except Declined:
            assert not admitted or (name == "InferRequest" and {"shape", "data"} & set(path)), path
        else:
            assert admitted, path


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No address of another server, and a policy that admits its own style and script by their digests alone."""
    found = pages(Identity("iris"), MIXED, example_of(MIXED), Limits(MAX_ROWS))
    page = found[DOCS_PATH]
    html, policy = page.body.decode(), dict(page.headers)["content-security-policy"]

    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", html) == []
    for kind in ("style", "script"):
        inline = re.search(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        assert inline is not None
        digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_no_text_of_the_model_ends_the_script() -> None:
    """What is embedded is read again as it was, whatever stands in it."""
    found = pages(Identity("iris"), MIXED, example_of(MIXED), Limits(MAX_ROWS))
    html = found[DOCS_PATH].body.decode()
    embedded = re.search(r'<script type="application/json" id="openapi">(.*?)</script>', html, re.DOTALL)

    assert embedded is not None
    assert json.loads(embedded[1]) == json.loads(found[OPENAPI_PATH].body)
    assert html.count("</script>") == 3
