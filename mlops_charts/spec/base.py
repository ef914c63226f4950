"""What every block of a specification shares: a closed, frozen type whose keys are camelCase."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]


class Block(BaseModel):
    """One block of model.yaml or platform.yaml: no unknown keys, no change after parsing."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
    )


def overridable(default: Any = ..., **field: Any) -> Any:
    """Return a field that an environment may set differently; the schema says so.

    Args:
        default: The constant default; left out, the field is required.
        field: Whatever `pydantic.Field` takes.
    """
    extra: dict[str, Any] = {"x-overridable": True}
    if default is ...:
        return Field(json_schema_extra=extra, **field)
    return Field(default, json_schema_extra=extra, **field)
