"""Images are pinned: an exact tag, at best a digest, and none that is known to be bad.

It must not know registries, and never looks one up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_charts.problems import Severity
from mlops_charts.validation.exceptions import respecting_exceptions
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node
from mlops_charts.validation.workloads import pods

FLOATING = frozenset(
    {
        *("latest", "main", "master", "head", "stable", "current", "lts", "edge", "dev", "nightly", "release"),
        *("prod", "production"),
    }
)
PARTIAL = re.compile(r"v?\d+(\.\d+)?(-[a-z]+)?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REFUSED = {("trivy", tag): "it was published by an attacker, or is suspect" for tag in ("0.69.4", "0.69.5", "0.69.6")}


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference, split."""

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def short(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]


def parse_image(text: str) -> Image:
    """Splits `host:5000/a/b:1.2.3@sha256:...`; a part that is missing is empty."""
    rest, _, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return Image(f"{head}{slash}{name}", tag, digest)


@respecting_exceptions
def images(scope: Scope) -> Iterator[Finding]:
    """Every image that a pod runs is pinned."""
    for node in _images(scope):
        if node.text and "{{" not in node.text:
            yield from _pinned(node, parse_image(node.text))


def _images(scope: Scope) -> Iterator[Node]:
    for pod in pods(scope):
        for container in pod.containers:
            yield container.at("image")
        for volume in pod.volumes:
            yield volume.at("image", "reference")


def _pinned(node: Node, image: Image) -> Iterator[Finding]:
    if reason := REFUSED.get((image.short, image.tag.removeprefix("v"))):
        yield node.finding("image-refused", f"{node.text} is refused: {reason}", "take a newer release")
    if image.digest and not DIGEST.fullmatch(image.digest):
        message = f"{node.text} has a digest that is none; right is sha256: and 64 hexadecimal digits"
        yield node.finding("image-tag", message, "copy the digest from the registry; never make one up")
    elif not image.digest and (not image.tag or image.tag.lower() in FLOATING or PARTIAL.fullmatch(image.tag)):
        found = f"the tag {image.tag}, which moves" if image.tag else "no tag, which means latest"
        yield node.finding("image-tag", f"{node.text} has {found}", "write the exact version, as in 1.28.3")
    elif not image.digest:
        message = f"{node.text} has no digest: its tag may be pushed again"
        note = "resolve it with `mlops-charts platform pin`"
        yield node.finding("image-no-digest", message, note, Severity.WARNING)
