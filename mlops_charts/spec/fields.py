"""The fields of a specification by their path: for error messages, `explain` and the reference."""

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mlops_charts.spec.base import Block

Path = tuple[str | int, ...]


def block_of(annotation: Any) -> type[Block] | None:
    """Return the block that an annotation holds, itself or in an option."""
    for member in _members(annotation):
        if isinstance(member, type) and issubclass(member, Block):
            return member
    return None


def entry_of(annotation: Any) -> type[Block] | None:
    """Return the block that the entries of a list or map are made of, or None."""
    inner, suffix = _element(annotation)
    return block_of(inner) if suffix else None


def block_at(root: type[Block], path: Path) -> type[Block] | None:
    """Return the block whose keys stand at a path of the text, or None where there is none."""
    annotation: Any = root
    for step in path:
        annotation = _inner(annotation, step)
        if annotation is None:
            return None
    return block_of(annotation)


def field_at(root: type[Block], path: Path) -> FieldInfo | None:
    """Return the field at a path, or None."""
    if not path or not isinstance(path[-1], str):
        return None
    block = block_at(root, path[:-1])
    return by_key(block).get(path[-1]) if block else None


def by_key(block: type[Block]) -> Mapping[str, FieldInfo]:
    """Return a block's fields by the keys that stand in the text."""
    return {field.alias or name: field for name, field in block.model_fields.items()}


def walk(root: type[Block], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Yield every field below a block with its path; entries of lists and maps stand as `[]` and `{}`."""
    for key, field in by_key(root).items():
        here = (*path, key)
        yield here, field
        inner, suffix = _element(field.annotation)
        block = block_of(inner)
        if block:
            yield from walk(block, (*here[:-1], here[-1] + suffix))


def _members(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return tuple(member for option in get_args(annotation) for member in _members(option))
    return (annotation,)


def _inner(annotation: Any, step: str | int) -> Any:
    for member in _members(annotation):
        if isinstance(member, type) and issubclass(member, Block):
            field = by_key(member).get(str(step))
            if field:
                return field.annotation
        elif get_origin(member) in {tuple, dict}:
            return get_args(member)[0 if get_origin(member) is tuple else 1]
    return None


def _element(annotation: Any) -> tuple[Any, str]:
    for member in _members(annotation):
        if get_origin(member) is tuple:
            return get_args(member)[0], "[]"
        if get_origin(member) is dict:
            return get_args(member)[1], "{}"
    return annotation, ""
