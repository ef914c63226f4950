"""What the types object to in a value, in the user's words. It knows the kinds of pydantic's errors and no field."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mlops_charts.problems import nearest
from mlops_charts.spec.words import describe

Words = tuple[str, str, str]
"""A code, a message, a note."""

_KINDS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_RANGES: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def mismatch(detail: ErrorDetails, key: str, field: FieldInfo | None) -> Words:
    """Return the words for an error about the value of a key."""
    kind, found, context = detail["type"], detail["input"], detail.get("ctx") or {}
    if "message" in context:
        return kind, str(context["message"]), str(context["note"])
    if kind in _KINDS:
        return "wrong-type", f"found {describe(found)}, expected {_KINDS[kind]}", _type_note(kind, found)
    if kind in _RANGES:
        bound, words = _RANGES[kind]
        return "out-of-range", f"found {describe(found)}, expected a number {words} {context[bound]}", _meaning(field)
    if kind == "literal_error":
        return _choice(found, str(context["expected"]))
    if kind == "string_pattern_mismatch":
        return "bad-format", f"{describe(found)} is no valid {key}", _example(field)
    return _sized(kind, found, context, field)


def _sized(kind: str, found: Any, context: Mapping[str, Any], field: FieldInfo | None) -> Words:
    sizes: Mapping[str, Callable[[], Words]] = {
        "too_short": lambda: ("too-short", _entries(found, "at least", context["min_length"]), _meaning(field)),
        "too_long": lambda: ("too-long", _entries(found, "at most", context["max_length"]), _meaning(field)),
        "string_too_short": lambda: ("too-short", "found an empty text", _meaning(field)),
        "string_too_long": lambda: (
            "too-long",
            f"found {len(str(found))} characters, expected at most {context['max_length']}",
            _meaning(field),
        ),
    }
    if kind in sizes:
        return sizes[kind]()
    return "wrong-type", f"found {describe(found)}, which does not fit here", _meaning(field)


def _entries(found: Any, bound: str, limit: int) -> str:
    count = len(found) if isinstance(found, list | tuple | dict) else 0
    return f"found {count} entries, expected {bound} {limit}"


def _meaning(field: FieldInfo | None) -> str:
    return (field.description or "") if field else ""


def _example(field: FieldInfo | None) -> str:
    examples = (field.examples if field else None) or []
    return f"{_meaning(field)} For example: {examples[0]}" if examples else _meaning(field)


def _type_note(kind: str, found: Any) -> str:
    if kind == "string_type" and isinstance(found, int | float):
        return f'put it in quotes: "{str(found).lower()}"'
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(found, str):
        return "write it without quotes" if _is_number(found) or found in {"true", "false"} else ""
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _choice(found: Any, expected: str) -> Words:
    choices = [word.strip(" '") for part in expected.split(" or ") for word in part.split(",")]
    suggestion = nearest(str(found), choices)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    return "not-a-choice", f"{describe(found)} is not a choice{did_you_mean}", f"one of: {', '.join(choices)}"
