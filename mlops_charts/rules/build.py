"""Rules about the image that serves."""

from collections.abc import Iterator

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View
from mlops_charts.source import Path


def sign_secret(view: View) -> Iterator[Problem]:
    """A key is in a Secret, and nothing else needs one."""
    sign = view.spec.build.sign
    if sign.mode == "key" and sign.secret is None:
        note = "add secret: the Secret with cosign.key and cosign.password"
        yield view.problem("sign-secret", "a signature by key needs a Secret", ("build", "sign", "mode"), note=note)
    if sign.mode != "key" and sign.secret is not None:
        note = "remove it, or choose mode: key"
        yield view.problem(
            "sign-secret", f"without effect: the mode is {sign.mode}", ("build", "sign", "secret"), note=note, key=True
        )


def provenance_signed(view: View) -> Iterator[Problem]:
    """Provenance is an attestation, which needs a signature."""
    path: Path = ("build", "provenance")
    if view.spec.build.provenance and view.spec.build.sign.mode == "none" and view.states(path):
        note = "build.sign.mode: key or keyless"
        yield view.problem("provenance-unsigned", "without effect: the image is not signed", path, note=note)
