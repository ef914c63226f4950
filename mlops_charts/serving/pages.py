"""What people open: the document of the interface and the page around it, as bytes that are made at the start.

The page needs nothing from elsewhere, and its policy lets it load and reach nothing but this server.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import orjson

from mlops_charts.saved_model import Signature
from mlops_charts.saved_model.example import Example
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.openapi import Face, document
from mlops_charts.serving.openapi_schemas import Limits

OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"
_MARKER: Final = re.compile(r"\{\{(\w+)\}\}")
_INLINE: Final = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to GET.

    Attributes:
        headers: Of HTTP.
        body: What it says.
    """

    headers: list[tuple[str, str]]
    body: bytes


def pages(
    identity: Identity, signature: Signature, example: Example, limits: Limits, first: Face = "v2"
) -> Mapping[str, Page]:
    """Return the pages by path.

    Args:
        identity: Who answers.
        signature: What the model takes and gives.
        example: What it was saved with.
        limits: What the server takes.
        first: The protocol that is documented first.
    """
    said = document(identity, signature, example, limits, first)
    columns = [
        {"name": one.name, "type": one.type, "nullable": one.nullable or limits.missing} for one in signature.inputs
    ]
    template = files("mlops_charts.serving").joinpath("docs.html").read_text(encoding="utf-8")
    texts = {"openapi": _embedded(said), "columns": _embedded(columns)}
    html = _MARKER.sub(lambda found: texts[found[1]], template)
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", _policy(template)),
        ("x-content-type-options", "nosniff"),
    ]
    return {
        OPENAPI_PATH: Page([("content-type", "application/json")], orjson.dumps(said)),
        DOCS_PATH: Page(headers, html.encode()),
    }


def _embedded(found: Any) -> str:
    """Return JSON that no text within it can end, as it stands in an element of HTML."""
    return orjson.dumps(found).decode().replace("<", "\\u003c")


def _policy(template: str) -> str:
    hashes = {
        kind: b64encode(hashlib.sha256(text.encode()).digest()).decode() for kind, text in _INLINE.findall(template)
    }
    return (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
