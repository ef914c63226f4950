"""How a value that was found is put into words, and how a pattern of text is refused in words. It knows no field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_LONGEST = 60


def describe(found: Any) -> str:
    """Return what was found, in words short enough for a message."""
    if isinstance(found, Mapping):
        return "a mapping"
    if isinstance(found, list | tuple):
        return "a list"
    if isinstance(found, bool):
        return "true" if found else "false"
    if found is None:
        return "nothing"
    text = str(found) if isinstance(found, int | float) else f'"{found}"'
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '..."'


def refuse(code: str, message: str, note: str) -> PydanticCustomError:
    """Return the error that becomes a Problem with these words."""
    return PydanticCustomError(code, "{message}", {"message": message, "note": note})


@dataclass(frozen=True)
class Written:
    """How a text is written: a pattern for the schema, and words for people.

    Attributes:
        pattern: The regular expression of the whole text.
        what: What such a text is called.
        note: What would be right, with an example.
        code: The code of the problem.
    """

    pattern: str
    what: str
    note: str
    code: str = "bad-format"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the text after its type."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """State the pattern."""
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$", "x-kind": self.what}

    def _check(self, found: str) -> str:
        if not re.fullmatch(self.pattern, found):
            raise refuse(self.code, f"{describe(found)} is no {self.what}", self.note)
        return found


def choices(annotation: Any) -> tuple[str, ...]:
    """Return the words that an annotation admits, if it is a closed set, an optional one, or a list of one."""
    if get_origin(annotation) is Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    inner = (choices(member) for member in get_args(annotation) if member is not type(None))
    return next((found for found in inner if found), ())


def one_of(annotation: Any) -> str:
    """Return a sentence with the words that an annotation admits; empty if it is no closed set."""
    found = choices(annotation)
    return f"One of: {', '.join(found)}." if len(found) > 1 else ""
