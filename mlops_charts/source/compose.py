"""Events of the YAML parser to plain data and positions, refusing what a reviewable file does not need."""

from collections.abc import Iterator
from typing import Any

import yaml

from mlops_charts.problems import Position, Problem, sort
from mlops_charts.source.document import Node, Source, Span, dotted, place
from mlops_charts.source.scalars import NotFiniteError, Scalar, TooLargeError, resolve
from mlops_charts.source.syntax import explain
from mlops_charts.source.text import decode, split_lines

DEPTH_LIMIT = 50
"""How deep lists and maps may be nested."""
VALUE_LIMIT = 20_000
"""How many keys and values a file may hold."""
PROBLEM_LIMIT = 100
"""After so many problems reading stops."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = (None, "")


def parse(data: bytes | str, file: str) -> tuple[Source | None, list[Problem]]:
    """The text as plain data with positions, and all problems of it, sorted; never raises, whatever the input.

    The source is None if no trustworthy data could be read. Duplicate keys and keys that are no texts leave a source
    without them, so that other checks can go on.
    """
    text, problems = decode(data, file)
    if problems:
        return None, problems
    composer = _Composer(text, file)
    return composer.document()


class _StopError(Exception):
    """Reading on is pointless; the problem is already noted."""


class _Composer:
    """One pass over the events of one text."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._lines = split_lines(text)
        self._problems: list[Problem] = []
        self._path: list[str | int] = []
        self._values = 0
        self._broken = False
        self._aliased = False

    def document(self) -> tuple[Source | None, list[Problem]]:
        source = None
        try:
            source = self._document(self._events())
        except _StopError:
            self._broken = True
        except (yaml.YAMLError, ValueError) as error:
            self._broken = True
            self._problems.append(explain(error, self._text, self._file, self._lines))
        return (None if self._broken else source), sort(self._problems)

    def _events(self) -> Iterator[Any]:
        loader = _LOADER(self._text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def _document(self, events: Iterator[Any]) -> Source | None:
        next(events)  # the start of the stream
        if not isinstance(next(events), yaml.DocumentStartEvent):
            self._refuse("file-empty", "the file is empty", Position(self._file), _FIRST_LINES)
        first = next(events)
        data, root = self._value(first, events)
        next(events)  # the end of the document
        after = next(events)
        if isinstance(after, yaml.DocumentStartEvent):
            note = "one file describes one model or one platform: split it here"
            self._note("several-documents", "a second document begins here", _span(after), note, broken=True)
        if not isinstance(first, yaml.MappingStartEvent):
            self._not_a_mapping(first, data)
        return Source(self._file, data, self._lines, root) if isinstance(data, dict) else None

    def _not_a_mapping(self, event: Any, data: Any) -> None:
        if self._broken:
            return
        if data is None:
            self._refuse("file-empty", "the file is empty", Position(self._file), _FIRST_LINES)
        found = "a list" if isinstance(data, list) else f"a {_KINDS[type(data)]}"
        message = f'the file is {found}, expected "key: value" lines'
        self._note("not-a-mapping", message, _start(event), _FIRST_LINES, broken=True)

    def _value(self, event: Any, events: Iterator[Any], key: Span | None = None) -> tuple[Any, Node]:
        self._count(event)
        if isinstance(event, yaml.AliasEvent):
            self._alias(event, f"*{event.anchor}")
            return None, Node(_span(event), key)
        if event.anchor is not None:
            self._alias(event, f"&{event.anchor}")
        if event.tag is not None:
            note = "remove it; put a value in quotes to make it a text"
            self._note("yaml-tag", f"the tag {_short_tag(event.tag)} is used", _start(event), note, broken=True)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event), Node(_span(event), key)
        if len(self._path) >= DEPTH_LIMIT:
            self._note("too-deep", f"nested more than {DEPTH_LIMIT} levels deep", _start(event), "", broken=True)
            raise _StopError
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, key)
        return self._sequence(event, events, key)

    def _scalar(self, event: Any) -> Scalar:
        text: str = event.value
        if event.style not in _PLAIN:
            return text
        try:
            return resolve(text)
        except NotFiniteError:
            note = "write a finite number; put it in quotes if it is a text"
            self._note("not-finite", f"{text[:40]} is not a finite number", _span(event), note, broken=True)
        except TooLargeError:
            note = "put it in quotes if it is a name"
            self._note("number-too-large", "this number does not fit into 64 bits", _span(event), note, broken=True)
        return None

    def _sequence(self, start: Any, events: Iterator[Any], key: Span | None) -> tuple[list[Any], Node]:
        data: list[Any] = []
        children: dict[str | int, Node] = {}
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return data, Node(_between(start, event), key, children)
            self._path.append(len(data))
            item, children[len(data)] = self._value(event, events)
            data.append(item)
            self._path.pop()
        raise _StopError

    def _mapping(self, start: Any, events: Iterator[Any], key: Span | None) -> tuple[dict[str, Any], Node]:
        data: dict[str, Any] = {}
        children: dict[str | int, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return data, Node(_between(start, event), key, children)
            name = self._key(event, events, children)
            key_span = _span(event)
            self._path.append(name or "?")
            item, node = self._value(next(events), events, key_span)
            self._path.pop()
            if name is not None:
                data[name], children[name] = item, node
        raise _StopError

    def _key(self, event: Any, events: Iterator[Any], siblings: dict[str | int, Node]) -> str | None:
        """The key's name, or None for one that is refused."""
        plain = isinstance(event, yaml.ScalarEvent) and event.style in _PLAIN
        if plain and event.value == "<<":
            self._count(event)
            self._note("yaml-merge", "the merge key << is used", _span(event), "write the keys out", broken=True)
            return None
        known = len(self._problems)
        self._path.append("?")
        name, _ = self._value(event, events)
        self._path.pop()
        if not isinstance(name, str):
            if len(self._problems) == known and not isinstance(event, yaml.AliasEvent):
                self._not_a_name(event, name)
            return None
        if name in siblings:
            self._duplicate(name, event, siblings[name])
            return None
        return name

    def _not_a_name(self, event: Any, found: Any) -> None:
        note = f'put it in quotes: "{event.value[:40]}"' if isinstance(event, yaml.ScalarEvent) else _BRACES
        if isinstance(event, yaml.ScalarEvent) and not event.value:
            note = 'write a key ahead of the ":"'
        message = f"a key must be a text, this is {_ARTICLES[type(found)]}"
        self._note("non-string-key", message, _start(event), note)

    def _duplicate(self, name: str, event: Any, first: Node) -> None:
        line = first.key.line if first.key else first.span.line
        self._path.append(name)
        self._note("duplicate-key", f"this key is given twice; first on line {line}", _span(event), "keep one of them")
        self._path.pop()

    def _alias(self, event: Any, written: str) -> None:
        self._broken = True
        if self._aliased:
            return
        self._aliased = True
        message = f"anchors and aliases such as {written[:40]} cannot be used"
        note = "write the value out; put a text that begins with * or & in quotes"
        self._note("yaml-alias", message, _start(event), note)

    def _count(self, event: Any) -> None:
        self._values += 1
        if self._values > VALUE_LIMIT:
            message = f"more than {VALUE_LIMIT:,} keys and values"
            self._note("too-many-values", message, _start(event), "move data out of this file", broken=True)
            raise _StopError

    def _note(self, code: str, message: str, span: Span, note: str, *, broken: bool = False) -> None:
        path = dotted(tuple(part for part in self._path if part != "?"))
        position = place(self._file, self._lines, span)
        self._problems.append(Problem(code, message, position, path, note))
        self._broken = self._broken or broken
        if len(self._problems) >= PROBLEM_LIMIT:
            raise _StopError

    def _refuse(self, code: str, message: str, position: Position, note: str) -> None:
        self._problems.append(Problem(code, message, position, note=note))
        raise _StopError


_FIRST_LINES = "begin with: apiVersion: mlops-charts/v1"
_BRACES = "a text that begins with { or [ needs quotes"
_KINDS = {str: "text", int: "number", float: "number", bool: "boolean"}
_ARTICLES = {
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "empty or null",
    list: "a list",
    dict: "a map",
}


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _between(first: Any, last: Any) -> Span:
    start, end = first.start_mark, last.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _start(event: Any) -> Span:
    mark = event.start_mark
    return Span(mark.line + 1, mark.column + 1, 0, 0)


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")[:60]
