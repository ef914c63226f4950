"""A model's spec as one environment has it."""

from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.overrides import merge
from mlops_charts.spec.platform import PlatformSpec


def environment_names(spec: ModelSpec, platform: PlatformSpec) -> tuple[str, ...]:
    """Return the environments that a model is served in, in the order of promotion."""
    return tuple(environment.name for environment in spec.environments) or tuple(platform.environments)


def resolve(spec: ModelSpec, environment: str) -> ModelSpec:
    """Return the spec with one environment's overrides laid over it.

    Raises:
        pydantic.ValidationError: The overrides do not fit together with the rest.
    """
    for entry in spec.environments:
        if entry.name == environment and entry.overrides is not None:
            base = spec.model_dump(by_alias=True, exclude_unset=True)
            return ModelSpec.model_validate(merge(base, entry.overrides.model_dump(by_alias=True, exclude_unset=True)))
    return spec
