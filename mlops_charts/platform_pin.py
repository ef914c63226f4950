"""What `platform pin` does, without the command line: every tag of platform.yaml gets the digest that it has now.

The file is edited where the images stand and nowhere else, so that comments and layout stay; what was edited is read
again before it is written, and must say exactly what was meant.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_charts.errors import InvalidSpec, Mistake, NoPlatform
from mlops_charts.loading import load_platform
from mlops_charts.problems import has_errors
from mlops_charts.registry import RegistryError, Resolve, Unreachable, address
from mlops_charts.source import Source, dotted, parse
from mlops_charts.spec.fields import by_key
from mlops_charts.spec.platform import Images, PlatformSpec
from mlops_charts.spec.scalars import image_parts
from mlops_charts.workspace import Workspace
from mlops_charts.workspace.write import replace_text

Place = tuple[str, str]
PLACES: tuple[Place, ...] = (("pipeline", "runtimeImage"), *(("images", key) for key in by_key(Images)))
_QUOTES = ("", '"', "'")


class NotEditable(Mistake):
    """The file is written in a way that cannot be edited in place."""


@dataclass(frozen=True)
class Pin:
    """One image that got its digest.

    Attributes:
        path: Where it stands, `images.kaniko`.
        before: The reference as it was.
        after: The same with its digest.
    """

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Pinned:
    """What became of a platform.yaml.

    Attributes:
        pins: Images that got a digest.
        kept: How many had one.
        unstated: Images that are defaults, by path; the file does not name them, so that they stay without digest.
    """

    pins: tuple[Pin, ...]
    kept: int
    unstated: dict[str, str]


def pin(workspace: Workspace, resolve: Resolve, *, everything: bool = False) -> Pinned:
    """Resolve the tags of platform.yaml to digests and write them into it: all of them, or none.

    Args:
        workspace: The repository.
        resolve: Asks a registry.
        everything: Whether to state the images that are defaults as well.

    Raises:
        NoPlatform: There is no platform.yaml.
        InvalidSpec: It has problems.
        RegistryError: Some tag cannot be resolved; one line for each reason.
        NotEditable: An image is not written on one line.
    """
    if workspace.platform is None:
        raise NoPlatform("there is no platform.yaml to pin the images of; `mlops-charts init` writes one")
    file = workspace.platform.resolve()
    platform, problems = load_platform(workspace)
    if has_errors(problems) or platform.source is None:
        raise InvalidSpec(problems)
    source = platform.source
    before = file.read_bytes()
    found = dict(_images(platform.spec))
    stated = {place: image for place, image in found.items() if _stated(source, place)}
    wanted = found if everything else stated
    pins = _resolved({place: image for place, image in wanted.items() if "@" not in image}, resolve)
    if pins:
        text = edited(before.decode("utf-8"), source, pins)
        if file.read_bytes() != before:
            raise NotEditable(f"{platform.file} was changed by somebody else meanwhile; nothing was written")
        replace_text(file, text, keep_mode=True)
    named = tuple(Pin(dotted(place), found[place], image) for place, image in pins.items())
    kept = sum("@" in image for image in wanted.values())
    unstated = {dotted(place): image for place, image in found.items() if place not in wanted}
    return Pinned(named, kept, unstated)


def _images(spec: PlatformSpec) -> Iterator[tuple[Place, str]]:
    stated = spec.model_dump(mode="json", by_alias=True)
    for block, key in PLACES:
        yield (block, key), stated[block][key]


def _stated(source: Source, place: Place) -> bool:
    block, key = place
    found = source.data.get(block)
    return isinstance(found, dict) and key in found


def _resolved(images: dict[Place, str], resolve: Resolve) -> dict[Place, str]:
    found: dict[Place, str] = {}
    reasons: dict[str, None] = {}
    silent: set[str] = set()
    for place, image in images.items():
        name, tag, _ = image_parts(image)
        host, _ = address(name)
        if host in silent:
            continue
        try:
            found[place] = f"{image}@{resolve(name, tag or 'latest')}"
        except Unreachable as error:
            silent.add(host)
            reasons[str(error)] = None
        except RegistryError as error:
            reasons[f"{dotted(place)}: {error}"] = None
    if reasons:
        raise RegistryError("\n".join([*reasons, "nothing was written"]))
    return found


def edited(text: str, source: Source, images: dict[Place, str]) -> str:
    """Return the text of a platform.yaml with other images, all else as it was.

    Args:
        text: The file.
        source: The same, parsed.
        images: The images by place; those that the file does not name are stated in it.

    Raises:
        NotEditable: It is not written in a way that can be edited in place.
    """
    lines = text.split("\n")
    there = {place: image for place, image in images.items() if _stated(source, place)}
    for place in sorted(there, key=lambda place: _start(source, place), reverse=True):
        _swap(lines, source, place, there[place])
    text = "\n".join(lines)
    for place in [place for place in PLACES if place in images and place not in there]:
        text = _inserted(text, source.file, place, images[place])
    expected = copy.deepcopy(source.data)
    for (block, key), image in images.items():
        expected.setdefault(block, {})[key] = image
    _hold(text, source.file, expected)
    return text


def _hold(text: str, file: str, expected: dict[str, Any]) -> None:
    result, problems = parse(text, file)
    if result is None or problems or result.data != expected:
        raise NotEditable(f"{file} is written in a way that cannot be edited in place; nothing was written")


def _start(source: Source, path: Sequence[str]) -> tuple[int, int]:
    position = source.position(tuple(path))
    return position.line, position.column


def _swap(lines: list[str], source: Source, place: Place, image: str) -> None:
    line, column = _start(source, place)
    before = source.data[place[0]][place[1]]
    rest = lines[line - 1][column - 1 :]
    for quote in _QUOTES:
        written = f"{quote}{before}{quote}"
        if rest.startswith(written):
            head = lines[line - 1][: column - 1]
            lines[line - 1] = f"{head}{quote}{image}{quote}{rest[len(written) :]}"
            return
    raise NotEditable(f"{source.file}:{line}:{column}: {dotted(place)}: write the image on one line, without escapes")


def _inserted(text: str, file: str, place: Place, image: str) -> str:
    """Return the text with one more entry: first in its block, or in a block of its own at the end."""
    block, key = place
    source, _ = parse(text, file)
    if source is None:
        return text
    if block not in source.data:
        return _with_block(text, source, f"{block}:", f"{key}: {image}")
    line, column = _start(source, (block,))
    lines = text.split("\n")
    at = lines[line - 1]
    if at[column - 1 : column] == "{":
        comma = ", " if source.data[block] else ""
        lines[line - 1] = f"{at[:column]}{key}: {image}{comma}{at[column:]}"
    else:
        lines.insert(line - 1, f"{' ' * (column - 1)}{key}: {image}{_ending(text)}")
    return "\n".join(lines)


def _with_block(text: str, source: Source, head: str, entry: str) -> str:
    line, column = _start(source, ())
    lines = text.split("\n")
    if lines[line - 1][column - 1 : column] == "{":
        at = lines[line - 1]
        lines[line - 1] = f"{at[:column]}{head} {{{entry}}}, {at[column:]}"
        return "\n".join(lines)
    indent, end = " " * (column - 1), f"{_ending(text)}\n"
    return f"{text}{'' if text.endswith(chr(10)) else end}{indent}{head}{end}{indent}  {entry}{end}"


def _ending(text: str) -> str:
    return "\r" if "\r\n" in text else ""
