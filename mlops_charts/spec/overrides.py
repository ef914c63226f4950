"""What an environment may say differently: the same blocks with nothing but their overridable fields, none required."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from mlops_charts.spec.base import Block


def partial(name: str, blocks: Mapping[str, type[Block]]) -> type[Block]:
    """Return a block with the given blocks as fields, each reduced to what may be overridden."""
    fields: dict[str, Any] = {
        key: (_reduced(block) | None, Field(None, description=_summary(block))) for key, block in blocks.items()
    }
    return create_model(name, __base__=Block, __doc__="What differs in one environment.", **fields)


def is_overridable(field: FieldInfo) -> bool:
    """Return whether an environment may set this field."""
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("x-overridable"))


def _summary(block: type[Block]) -> str:
    return (block.__doc__ or "").partition("\n")[0]


def _reduced(block: type[Block]) -> type[Block]:
    fields: dict[str, Any] = {}
    for name, field in block.model_fields.items():
        if is_overridable(field):
            fields[name] = (_reduced_type(field) | None, Field(None, description=field.description))
    return create_model(f"{block.__name__}Override", __base__=Block, __doc__=block.__doc__, **fields)


def _reduced_type(field: FieldInfo) -> Any:
    block = _block_in(field.annotation)
    if block is None or not any(is_overridable(inner) for inner in block.model_fields.values()):
        annotation: Any = field.annotation
        for constraint in field.metadata:
            annotation = _annotated(annotation, constraint)
        return annotation
    return _reduced(block)


def _annotated(annotation: Any, constraint: Any) -> Any:
    return Annotated[annotation, constraint]


def _block_in(annotation: Any) -> type[Block] | None:
    candidates = get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Block)), None)


def merge(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw data with the overrides laid over it: mappings are merged, everything else is replaced."""
    merged = dict(base)
    for key, found in overrides.items():
        inner = merged.get(key)
        merged[key] = merge(inner, found) if isinstance(inner, Mapping) and isinstance(found, Mapping) else found
    return merged
