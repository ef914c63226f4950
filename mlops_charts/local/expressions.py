"""The conditions of Argo: comparisons with and, or, not; of `when`, of a retry's `expression`, and of `{{=...}}`.

It computes with what it is given and reaches nothing else.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mlops_charts.errors import Mistake

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)\""""
    r"""|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[['"][^'"]*['"]\])*)"""
    r"""|(?P<sign>==|!=|<=|>=|=~|!~|&&|\|\||\?\?|[<>!()\[\],+*/%-]))"""
)
_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "nil": None, "null": None}
_WORDS: Final = {"and": "&&", "or": "||", "not": "!"}


def _match(text: Any, pattern: Any) -> bool:
    return re.search(str(pattern), str(text)) is not None


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=~": _match,
    "!~": lambda text, pattern: not _match(text, pattern),
}
_SUMS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
}
_PRODUCTS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **dict.fromkeys(("asInt", "int", "sprig.int"), int),
    **dict.fromkeys(("asFloat", "float"), float),
    "string": str,
    "len": len,
    "max": max,
    "min": min,
}


class BadExpression(Mistake):
    """A condition cannot be computed; one line that says why."""


def evaluate(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """Return what an expression is worth.

    Args:
        text: The expression, references filled in.
        names: What its names are worth; without, a name stands for itself, as in `when`.

    Raises:
        BadExpression: It is none, or a name has no worth.
    """
    parser = _Parser(text, names)
    try:
        return parser.whole()
    except (TypeError, ValueError, ZeroDivisionError, IndexError) as error:
        raise BadExpression(f"{text}: {error}") from None


def true(text: str, names: Mapping[str, Any] | None = None) -> bool:
    """Return whether a condition holds; BadExpression if it is neither true nor false."""
    found = evaluate(text, names)
    if not isinstance(found, bool):
        raise BadExpression(f"{text}: this is {found!r}, expected true or false, as in 'a' == 'b'")
    return found


class _Parser:
    """Reads an expression from the left, the loosest operator first, and computes as it reads."""

    def __init__(self, text: str, names: Mapping[str, Any] | None) -> None:
        self.text, self.names = text, names
        self.tokens = list(_tokens(text))
        self.at = 0

    def whole(self) -> Any:
        found = self._either()
        if self.at < len(self.tokens):
            raise BadExpression(f"{self.text}: {self.tokens[self.at][1]!r} is not expected here")
        return found

    def _peek(self) -> str:
        kind, content = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "name":
            return _WORDS.get(content, content if content == "in" else "")
        return content if kind == "sign" else ""

    def _take(self, *wanted: str) -> str:
        found = self._peek()
        if found and found in wanted:
            self.at += 1
            return found
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise BadExpression(f"{self.text}: {sign} is missing")

    def _either(self) -> Any:
        found = self._both()
        while self._take("||"):
            right = self._both()
            found = bool(found) or bool(right)
        return found

    def _both(self) -> Any:
        found = self._compared()
        while self._take("&&"):
            right = self._compared()
            found = bool(found) and bool(right)
        return found

    def _compared(self) -> Any:
        found = self._instead()
        while sign := self._take(*_COMPARISONS, "in", "!"):
            if sign == "!":
                self._expect("in")
                found = found not in self._instead()
            elif sign == "in":
                found = found in self._instead()
            else:
                found = _COMPARISONS[sign](found, self._instead())
        return found

    def _instead(self) -> Any:
        found = self._chain(_SUMS, lambda: self._chain(_PRODUCTS, self._single))
        while self._take("??"):
            other = self._chain(_SUMS, lambda: self._chain(_PRODUCTS, self._single))
            found = other if found is None else found
        return found

    def _chain(self, signs: Mapping[str, Callable[[Any, Any], Any]], part: Callable[[], Any]) -> Any:
        found = part()
        while sign := self._take(*signs):
            found = signs[sign](found, part())
        return found

    def _single(self) -> Any:
        sign = self._take("!", "-", "(", "[")
        if sign == "!":
            return not self._single()
        if sign == "-":
            return -self._single()
        if sign:
            return self._group(")" if sign == "(" else "]", listed=sign == "[")
        return self._atom()

    def _group(self, end: str, *, listed: bool) -> Any:
        found = []
        while not self._take(end):
            found.append(self._either())
            if not self._take(","):
                self._expect(end)
                break
        return found if listed or len(found) != 1 else found[0]

    def _atom(self) -> Any:
        if self.at >= len(self.tokens):
            raise BadExpression(f"{self.text}: something is missing at its end")
        kind, content = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(content) if "." in content else int(content)
        if kind in {"single", "double"}:
            return re.sub(r"\\(.)", r"\1", content)
        if kind == "name":
            return self._named(content)
        raise BadExpression(f"{self.text}: {content!r} is not expected here")

    def _named(self, name: str) -> Any:
        if name in _FUNCTIONS and self._take("("):
            found = self._group(")", listed=True)
            return _FUNCTIONS[name](*found)
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if self.names is None:
            return name
        path = re.sub(r"\[['\"]([^'\"]*)['\"]\]", r".\1", name)
        if path in self.names:
            return self.names[path]
        if self._peek() == "??":
            return None
        raise BadExpression(f"{self.text}: {name} has no value here")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    rest = text.rstrip()
    while at < len(rest):
        token = _TOKEN.match(rest, at)
        if token is None or token.lastgroup is None:
            raise BadExpression(f"{text}: {rest[at:].strip()!r} cannot be read")
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found
