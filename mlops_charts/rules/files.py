"""Rules about the files of a model's folder."""

import ast
from collections.abc import Iterator
from functools import cache

from mlops_charts.problems import Problem, nearest
from mlops_charts.rules.asked import View, in_file
from mlops_charts.source import Path

SOURCE_LIMIT = 900 * 1024
"""Bytes of source that a ConfigMap takes with room for the rest."""

_LISTED = 5


def readable(view: View) -> Iterator[Problem]:
    """Every source file can be read, and is in the folder itself."""
    for name, reason in view.asked.unread.items():
        yield Problem("file-unreadable", f"cannot be read: {reason}", in_file(view.asked, name))
    for name, target in view.asked.links.items():
        message = f"this is a link to {target}, which is not followed"
        note = "put the file itself here, or name the link in training.sourceExclude"
        yield Problem("source-link", message, in_file(view.asked, name), note=note)


def names(view: View) -> Iterator[Problem]:
    """Every source file has a name that a volume of Kubernetes and a template of Argo can carry."""
    for name in sorted({*(view.asked.files or {}), *view.asked.sizes}):
        if name.startswith("..") or "{{" in name:
            why = "Kubernetes reserves names that begin with two dots" if name[0] == "." else "Argo would fill in {{"
            note = "rename it, or name it in training.sourceExclude"
            yield Problem("file-name", f"this name cannot travel: {why}", in_file(view.asked, name), note=note)


def entrypoints(view: View) -> Iterator[Problem]:
    """Every FILE.py:NAME exists, parses, and defines the name."""
    files = view.asked.files
    if files is None:
        return
    for path, entrypoint in _entrypoints(view):
        file, _, name = entrypoint.rpartition(":")
        if file in files:
            yield from _defined(view, path, file, name)
        elif not _stands(view, file):
            yield _absent(view, path, file)


def _entrypoints(view: View) -> Iterator[tuple[Path, str]]:
    spec = view.spec
    yield ("training", "entrypoint"), spec.training.entrypoint
    if spec.training.data.uri.startswith("python://"):
        yield ("training", "data", "uri"), spec.training.data.uri.removeprefix("python://")
    if spec.validation.metrics:
        yield ("validation", "metrics"), spec.validation.metrics
    if spec.serving.entrypoint:
        yield ("serving", "entrypoint"), spec.serving.entrypoint


def data_file(view: View) -> Iterator[Problem]:
    """The file of a file:// address exists."""
    files, uri = view.asked.files, view.spec.training.data.uri
    if files is not None and uri.startswith("file://") and not _stands(view, uri.removeprefix("file://")):
        yield _absent(view, ("training", "data", "uri"), uri.removeprefix("file://"))


def requirements_file(view: View) -> Iterator[Problem]:
    """The file of requirements exists."""
    files, name = view.asked.files, view.spec.training.requirements
    if files is not None and name and not _stands(view, name):
        yield _absent(view, ("training", "requirements"), name)


def _stands(view: View, file: str) -> bool:
    """Return whether a file is there; of one that was not read, other rules say why."""
    asked = view.asked
    return any(file in known for known in (asked.files or {}, asked.sizes, asked.links))


def _absent(view: View, path: Path, file: str) -> Problem:
    files = view.asked.files or {}
    suggestion = nearest(file, files)
    note = "" if suggestion else f"source files: {', '.join(sorted(files)[:20]) or 'none'}"
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    return view.problem(
        "file-missing", f'no source file "{file}" in the model\'s folder{did_you_mean}', path, note=note
    )


def _defined(view: View, path: Path, file: str, name: str) -> Iterator[Problem]:
    content = (view.asked.files or {})[file]
    try:
        names = _names(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 1
        at = in_file(view.asked, file, line, max(column, 1) if line else 0)
        yield Problem("python-syntax", f"this is not valid Python: {getattr(error, 'msg', None) or error}", at)
        return
    if name in names or "*" in names:
        return
    suggestion = nearest(name, names)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    note = f"{file} defines: {', '.join(sorted(names)[:20]) or 'nothing'}"
    yield view.problem("entrypoint-undefined", f'{file} defines no "{name}"{did_you_mean}', path, note=note)


@cache
def _names(content: bytes) -> frozenset[str]:
    """Return the names that a module defines; `*` if it imports everything of another."""
    return frozenset(_bound(ast.parse(content).body))


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name))
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _bound([*node.body, *getattr(node, "orelse", [])])
            yield from (name for handler in getattr(node, "handlers", []) for name in _bound(handler.body))


def source_size(view: View) -> Iterator[Problem]:
    """What travels as source fits into a ConfigMap."""
    files = view.asked.files or {}
    unread = {name: size for name, size in view.asked.sizes.items() if name not in files}
    sizes = {**unread, **{name: _stored(content) for name, content in files.items()}}
    total = sum(sizes.values())
    if total > SOURCE_LIMIT:
        biggest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
        note = "exclude what training does not read, or put data into S3 (s3://BUCKET/KEY); the biggest:\n" + "\n".join(
            f"{name}: {size / 1024:,.0f} KiB" for name, size in biggest
        )
        message = f"the source files have {total / 1024:,.0f} KiB, at most 900 KiB travel with a commit"
        uri = ("training", "data", "uri")
        large_data = view.spec.training.data.uri == f"file://{biggest[0][0]}"
        path: Path = uri if large_data else ("training", "sourceExclude")
        yield view.problem("source-too-large", message, path, note=note)


def _stored(content: bytes) -> int:
    """Return the bytes that a file takes in a ConfigMap: binary files are written in base64."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return (len(content) + 2) // 3 * 4
    return len(content)
