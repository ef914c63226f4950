"""Foreign braces: text that Helm must print as it is, although it looks like a template.

Argo's ``{{inputs.parameters.x}}`` and Prometheus' ``{{ $labels.pod }}`` become raw strings of one action, the form that
hand-written charts use; what such a string cannot hold has only its opening braces escaped.
"""

from __future__ import annotations

import re

_FOREIGN = re.compile(r"\{\{[^{}`\n]*\}\}|\{\{")


def _quote(match: re.Match[str]) -> str:
    found = match.group()
    return '{{ "{{" }}' if found == "{{" else f"{{{{`{found}`}}}}"


def protect(text: str) -> str:
    """Text that Helm prints as `text`."""
    return _FOREIGN.sub(_quote, text) if "{{" in text else text


def protect_before_action(text: str) -> str:
    """The same for text that an action follows at once, where a last single brace would join the action's two."""
    safe = protect(text)
    return safe[:-1] + '{{ "{" }}' if safe.endswith("{") else safe
