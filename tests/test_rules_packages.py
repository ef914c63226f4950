"""Whether what a model's requirements name can be installed."""

import pytest

from mlops_charts.rules import Asked, check_model
from mlops_charts.source import Source, parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec

_OWN_IMAGE = "  image: ghcr.io/acme/train:1.0.0"
_REQUIRED = "  requirements: pinned.txt"


def source_of(text: str, file: str) -> Source:
    source, problems = parse(text, file)
    assert source
    assert problems == []
    return source


def codes(network: str, training: str) -> list[str]:
    """Return where a connection is missed, for a text of platform.yaml and one of training."""
    platform = source_of(network, "platform.yaml")
    model = f"metadata: {{name: iris}}\ntraining:\n  data: {{uri: 'sklearn://iris'}}\n{training}\n"
    source = source_of(model, "model/iris/model.yaml")
    spec = parse_spec(ModelSpec, source).spec
    asked = Asked(spec, parse_spec(PlatformSpec, platform).spec, source, platform_source=platform)
    return [problem.path for problem in check_model(asked) if problem.code == "network-unreachable"]


@pytest.mark.parametrize(
    ("network", "training", "expected"),
    [
        ("network: {dns: kube-system}", _REQUIRED, ["training.requirements"]),
        ("network: {packages: [{namespace: packages}]}", _REQUIRED, []),
        ("network: {dns: kube-system}", _OWN_IMAGE, []),
        ("keda: false", _REQUIRED, []),  # nobody has said yet what there is
    ],
)
def test_requirements_need_an_index_that_can_be_reached(network: str, training: str, expected: list[str]) -> None:
    """A build that cannot reach the index of its packages fails in the cluster; it is told before."""
    assert codes(network, training) == expected
