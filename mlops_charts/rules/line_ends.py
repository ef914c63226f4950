"""The rule about how lines end: it needs bytes, which a parsed file no longer has."""

from collections.abc import Iterator, Mapping

from mlops_charts.problems import CODES, Position, Problem

_LISTED = 5


def line_ends(files: Mapping[str, bytes], position: Position) -> Iterator[Problem]:
    """No text of a model has the line ends of Windows: on another machine git would make other bytes of it.

    Args:
        files: Contents by name, as messages call them.
        position: Where the model stands.
    """
    found = [name for name, content in files.items() if b"\r\n" in content and _is_text(content)]
    if found:
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        message = f"lines end in CRLF in {', '.join(found[:_LISTED])}{more}: other line ends are another digest"
        note = (
            "git config core.autocrlf false, and a .gitattributes as `mlops-charts init` writes it:\n"
            "model/** text=auto eol=lf\nthen `git add --renormalize model`, and check the files out anew"
        )
        yield Problem("crlf", message, position, "", note, CODES["crlf"].severity)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
