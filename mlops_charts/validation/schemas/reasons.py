"""The errors of jsonschema in words for people. Knows JSON Schema and no kind of object."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from mlops_charts.validation.schemas.flaw import Flaw, invalid, show, unknown_field

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPE_WORDS: Final[Mapping[str, str]] = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}
_LIMITS: Final[Mapping[str, str]] = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}


def reasons(error: "ValidationError") -> Iterator[Flaw]:
    """Yield what one error of jsonschema means, in words for people."""
    path = tuple(error.absolute_path)
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        schema, instance = cast("dict[str, Any]", error.schema), cast("dict[str, Any]", error.instance)
        known = schema.get("properties", {})
        yield from (unknown_field(path, name, known) for name in instance if name not in known)
    elif error.validator == "required":
        name = error.message.partition(" is a required")[0].strip("'")
        yield invalid((*path, name), f'the required field "{name}" is missing')
    elif error.validator == "type":
        types = [wanted] if isinstance(wanted, str) else wanted
        words = " or ".join(_TYPE_WORDS[name] for name in types if name != "null")
        yield invalid(path, f"must be {words}, found {show(error.instance)}")
    elif error.validator == "enum":
        accepted = ", ".join(show(item) for item in wanted)
        yield invalid(path, f"{show(error.instance)} is not one of the accepted values", f"accepted: {accepted}")
    elif error.validator == "const":
        yield invalid(path, f"must be {show(wanted)}, found {show(error.instance)}")
    elif error.validator == "pattern":
        yield invalid(path, f"{show(error.instance)} is not written as it should be", f"the pattern is {wanted}")
    elif error.validator in _LIMITS:
        yield invalid(path, f"must be {_LIMITS[str(error.validator)]} {wanted}, found {show(error.instance)}")
    elif error.validator == "oneOf":
        yield invalid(path, f"must be {_words(wanted)}, found {show(error.instance)}")
    else:
        yield invalid(path, error.message)


def _words(alternatives: list[dict[str, Any]]) -> str:
    """What a value may be that has two types, such as a port or a quantity."""
    types = {name for part in alternatives for name in part.get("type", ()) if name in _TYPE_WORDS}
    return " or ".join(word for name, word in _TYPE_WORDS.items() if name in types) or "something else"
