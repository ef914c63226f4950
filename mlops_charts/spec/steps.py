"""The steps that a model's choices call for. It knows their names and order, and not what they do."""

from collections.abc import Iterator

from mlops_charts.spec.model import ModelSpec

ORDER = (
    "guard", "environment", "search", "train", "validate", "version", "monitor", "build", "image",
    "scan", "sbom", "sign", "provenance", "deploy",
)  # fmt: skip
"""All steps of ours, in their order."""


def built_in_steps(spec: ModelSpec) -> tuple[str, ...]:
    """Return the steps that a model's choices call for, in their order."""
    signed = spec.build.sign.mode != "none"
    wanted = {
        "environment": bool(spec.training.requirements) and not spec.training.image,
        "search": spec.training.search is not None,
        "scan": spec.build.scan is not None,
        "sbom": spec.build.sbom,
        "sign": signed,
        "provenance": signed and spec.build.provenance,
    }
    return tuple(step for step in ORDER if wanted.get(step, True))


def all_steps(spec: ModelSpec) -> Iterator[str]:
    """Yield the steps in their order, with the user's own behind or before the ones that they name."""
    for step in built_in_steps(spec):
        yield from _placed(spec, before=step)
        yield step
        yield from _placed(spec, after=step)


def _placed(spec: ModelSpec, *, before: str = "", after: str = "") -> Iterator[str]:
    for extra in spec.pipeline.steps:
        if (before and extra.before == before) or (after and extra.after == after):
            yield from _placed(spec, before=extra.name)
            yield extra.name
            yield from _placed(spec, after=extra.name)
