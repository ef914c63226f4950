"""Bytes to the text of a small file: size, encoding, characters. It knows nothing of YAML's structure."""

import codecs
import re

from mlops_charts.problems import Position, Problem
from mlops_charts.source.document import Span, place

SIZE_LIMIT = 1024 * 1024
"""Bytes that a specification may have."""

_ODD = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_UNITS = 1024
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


def decode(data: bytes | str, file: str) -> tuple[str, list[Problem]]:
    """The text without a byte order mark, or the one problem that makes reading on pointless."""
    problem = _size(data, file)
    if problem is None and isinstance(data, bytes):
        problem = _wide(data, file)
    if problem is not None:
        return "", [problem]
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        return "", [_undecodable(error, file)]
    text = text.removeprefix("\ufeff")
    if odd := _ODD.search(text):
        return "", [_odd_character(text, odd.start(), file)]
    directive = _TAG_DIRECTIVE.search(text)  # the parser needs quadratic time for many of them
    return text, [_tag_directive(text, directive.start(), file)] if directive else []


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as YAML and editors count them; the last one may be empty."""
    return tuple(_NEWLINE.split(text))


def too_large(size: int | None, file: str) -> Problem:
    """The problem with a file of ``size`` bytes, or of more bytes than were read."""
    told = "more than 1 MiB" if size is None else readable(size)
    note = "name the model.yaml or platform.yaml itself; data belongs into files of its own"
    return Problem("file-too-large", f"the file has {told}; at most 1 MiB is read", Position(file), note=note)


def readable(size: int) -> str:
    """A number of bytes for people."""
    mebibytes = size / _UNITS / _UNITS
    return f"{mebibytes:.1f} MiB" if size >= 2 * SIZE_LIMIT else f"{size:,} bytes"


def _size(data: bytes | str, file: str) -> Problem | None:
    size = len(data)
    if size <= SIZE_LIMIT and isinstance(data, str) and not data.isascii():
        size = len(data.encode("utf-8", "surrogatepass"))
    return too_large(size, file) if size > SIZE_LIMIT else None


def _wide(data: bytes, file: str) -> Problem | None:
    for mark, name in _WIDE_MARKS:
        if data.startswith(mark):
            note = f"save it as UTF-8 in your editor, or run: iconv -f {name} -t UTF-8"
            return Problem("not-utf8", f"the file is {name}, expected UTF-8", Position(file), note=note)
    return None


def _undecodable(error: UnicodeDecodeError, file: str) -> Problem:
    data: bytes = error.object
    if b"\0" in data:
        return _binary(file)
    before = split_lines(data[: error.start].decode("utf-8").removeprefix("\ufeff"))
    lines = split_lines(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    at = place(file, lines, Span(len(before), len(before[-1]) + 1, 0, 0))
    message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
    return Problem("not-utf8", message, at, note="save the file as UTF-8 in your editor")


def _tag_directive(text: str, index: int, file: str) -> Problem:
    at = place(file, split_lines(text), Span(len(split_lines(text[:index])), 1, 0, 0))
    return Problem("yaml-tag", "tags cannot be used, so %TAG has no place here", at, note="remove the line")


def _binary(file: str) -> Problem:
    message = "the file is binary, expected YAML text"
    return Problem("not-text", message, Position(file), note="name the model.yaml or platform.yaml itself")


def _odd_character(text: str, index: int, file: str) -> Problem:
    if "\0" in text:
        return _binary(file)
    before = split_lines(text[:index])
    at = place(file, split_lines(text), Span(len(before), len(before[-1]) + 1, 0, 0))
    number = ord(text[index])
    escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004 - two digits or four
    note = f'remove it, or write it as an escape in double quotes: "{escape}"'
    return Problem("not-text", f"the character U+{number:04X} does not belong in a text file", at, note=note)
