"""A small reader of PromQL for tests: are the brackets balanced, and which series are asked for."""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
FUNCTIONS = frozenset(
    {
        "absent",
        "avg_over_time",
        "count",
        "histogram_quantile",
        "label_values",
        "max",
        "max_over_time",
        "rate",
        "sum",
        "time",
        "vector",
    }
)
KEYWORDS = frozenset({"and", "bool", "by", "on", "or", "unless"})
PAIRS = {")": "(", "]": "[", "}": "{"}


def balanced(expr: str) -> bool:
    """Whether every bracket outside of strings is closed in its turn."""
    stack: list[str] = []
    for sign in STRING.sub('""', expr):
        if sign in PAIRS.values():
            stack.append(sign)
        elif sign in PAIRS and (not stack or stack.pop() != PAIRS[sign]):
            return False
    return not stack


def series(expr: str) -> set[str]:
    """Return the names of the series that an expression asks for."""
    bare = STRING.sub('""', expr)
    for inner in (r"\{[^}]*\}", r"\[[^]]*\]", r"\b(?:by|on) \([^)]*\)"):
        bare = re.sub(inner, " ", bare)
    words = set(re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", bare))
    return words - FUNCTIONS - KEYWORDS


def selectors(expr: str) -> list[str]:
    """Return what stands in braces, once for each selector."""
    return re.findall(r"\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}", expr)
