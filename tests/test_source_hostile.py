"""Files made to hurt: bounded time and memory, a located answer, never a traceback."""

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_charts.problems import CODES, format_github, format_json, format_text
from mlops_charts.source import SIZE_LIMIT, dotted, parse, read

WELL_FORMED = """\
apiVersion: mlops-charts/v1
kind: Model
metadata: {name: iris, labels: {"app.io/x": 'y'}}
training:
  data:
    uri: "sklearn://iris"   # a comment
    exclude: [a, b]
  params: {n_estimators: 100, rate: 1e-3}
  notes: |
    text
    more
environments:
  - staging
  - name: prod
    overrides: {serving: {replicas: 6}}
"""
SNIPPETS = [
    "\t",
    "  ",
    "\n",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!",
    "!!x ",
    "<<: ",
    "|",
    ">",
    '"',
    "'",
    "#",
]
SNIPPETS += [
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "? ",
    ",",
    "\\",
    "\0",
    "\ufeff",
    "\x85",
    "\u2028",
    "\ud800",
    "é",
    "😀",
    ".nan",
    "9" * 30,
]


def check(data: bytes | str) -> None:
    """Whatever comes in, what comes out is well-formed, printable and explained."""
    source, problems = parse(data, "m.yaml")
    assert source is not None or problems
    assert {problem.code for problem in problems} <= set(CODES)
    assert all(problem.position for problem in problems)
    format_text(problems)
    format_json(problems)
    format_github(problems)


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
def test_any_bytes(data: bytes) -> None:
    """No byte string raises."""
    check(data)


@given(st.text(alphabet=st.sampled_from(list("ab1.:-?[]{},&*!|>'\"%@`# \t\n\\<~=+_")), max_size=60))
def test_any_punctuation(text: str) -> None:
    """No heap of YAML's own characters raises."""
    check(text)


EDITS = st.lists(
    st.tuples(
        st.integers(0, len(WELL_FORMED)), st.integers(0, 5), st.sampled_from(["", *SNIPPETS]) | st.text(max_size=3)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400)
@given(EDITS)
def test_mutated_files(edits: list[tuple[int, int, str]]) -> None:
    """A file with a few characters changed, removed or added raises nothing."""
    text = WELL_FORMED
    for at, removed, added in edits:
        text = text[:at] + added + text[at + removed :]
    check(text)


KEYS = st.text(alphabet="abcxyz._/-é花 ", min_size=1, max_size=8)
SCALARS = st.text(alphabet="abc 1:#'\"é花", max_size=12) | st.integers(-99, 99) | st.booleans()


def flow(value: object) -> str:
    """A value in flow style, its strings in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()


@given(
    st.dictionaries(
        KEYS,
        st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
        max_size=4,
    )
)
def test_every_value_stands_where_its_position_says(data: dict[str, object]) -> None:
    """For any data the text at a value's position is that value, and at a key's position that key."""
    lines = [f"{flow(key)}: {flow(value)}" for key, value in data.items()]
    source, problems = parse("\n".join(lines) or "{}", "m.yaml")
    assert problems == []
    assert source is not None
    assert source.data == data
    for path, value in walk(data, ()):
        at, key_at = source.position(path), source.position(path, key=True)
        if at.offset == 0 and at.end_column < 200:
            assert at.text[at.column - 1 : at.end_column - 1] == flow(value), dotted(path)
            if isinstance(path[-1], str):
                assert key_at.text[key_at.column - 1 : key_at.end_column - 1] == flow(path[-1])


def walk(value: object, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], object]]:
    """All paths of plain data with their values, without the root."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [((*path, key), item), *walk(item, (*path, key))]]


HOSTILE = {
    "billion laughs": "a: &a [x, x]\n"
    + "".join(f"b{i}: &b{i} [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for i in range(30)),
    "brackets": "[" * 100_000,
    "braces": "a: " + "{" * 100_000,
    "nested maps": "{a: " * 100_000,
    "nested lists": "- " * 100_000,
    "nested keys": "? " * 100_000,
    "deepening blocks": "\n".join(" " * i + "a:" for i in range(1400)),
    "many anchors": "".join(f"a{i}: &a{i} 1\n" for i in range(50_000)),
    "many tags": "".join(f"a{i}: !x{i} 1\n" for i in range(50_000)),
    "many duplicates": "a: 1\n" * 200_000,
    "many directives": "".join(f"%TAG !a{i}! x\n" for i in range(50_000)) + "---\na: 1",
    "many documents": "---\n" * 250_000,
    "many items": "a:\n" + "- x\n" * 250_000,
    "many lines": "\n" * SIZE_LIMIT,
    "one line": "a: " + "x" * (SIZE_LIMIT - 3),
    "open quote": 'a: "' + "x\n" * 500_000,
    "long number": "a: " + "9" * 1_000_000,
    "long fraction": "a: 0." + "9" * 1_000_000 + "e",
    "long key": "k" * 1_000_000 + ": 1",
    "long comment": "#" * SIZE_LIMIT,
    "odd at the end": "a: 1\n" * 200_000 + "\x07",
    "too large": "a" * 50_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_bounded(name: str) -> None:
    """Nothing takes more than two seconds of the processor, printing included."""
    began = time.process_time()
    check(HOSTILE[name])
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("billion laughs", ["yaml-alias"]),
        ("brackets", ["too-deep"]),
        ("nested maps", ["too-deep"]),
        ("nested lists", ["too-deep"]),
        ("deepening blocks", ["too-deep"]),
        ("many items", ["too-many-values"]),
        ("many directives", ["yaml-tag"]),
        ("many duplicates", ["duplicate-key"] * 100),
        ("too large", ["file-too-large"]),
    ],
)
def test_hostile_files_get_a_clear_answer(name: str, codes: list[str]) -> None:
    """Each attack is named, and the flood of its consequences is not."""
    source, problems = parse(HOSTILE[name], "m.yaml")
    assert source is None
    assert [problem.code for problem in problems] == codes


def test_depth_of_fifty_is_fine() -> None:
    """The limit is not in the way: fifty levels are read, one more is refused where it begins."""
    assert parse("a: " + "[" * 49 + "]" * 49, "m.yaml")[1] == []
    [problem] = parse("a: " + "[" * 50 + "]" * 50, "m.yaml")[1]
    assert problem.code == "too-deep"
    assert problem.position is not None
    assert problem.position.column == 53


def test_a_file_of_50_megabytes_is_not_read(tmp_path: Path) -> None:
    """A large file is refused with its size, without holding it in memory; an endless one as well."""
    file = tmp_path / "m.yaml"
    with file.open("wb") as handle:
        handle.truncate(50_000_000)
    tracemalloc.start()
    data, problems = read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert data is None
    assert [problem.message for problem in problems] == ["the file has 47.7 MiB; at most 1 MiB is read"]
    assert peak < 8_000_000


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file here")
def test_an_endless_file_is_not_read() -> None:
    """A device without an end is refused like a large file."""
    data, problems = read("/dev/zero")
    assert data is None
    assert [problem.code for problem in problems] == ["file-too-large"]


WITHOUT_LIBYAML = """
import sys, yaml
del yaml.CSafeLoader
from mlops_charts.source import compose, parse
assert compose._LOADER is yaml.SafeLoader
text = sys.stdin.read()
source, problems = parse(text, "m.yaml")
plain = yaml.safe_load(text.replace("1e-3", "0.001"))
print(source.data == plain, problems, source.position(("environments", 1, "name")).column)
for bad in ("a: [", "a: @", "[" * 1000, "a: &x", "a: b: c", "a:\\n\\tb: 1", "a: '", 'a: "\\\\U00110000"', "%TAG"):
    assert len(parse(bad, "m")[1]) == 1, bad
"""


def test_without_libyaml() -> None:
    """Where PyYAML was built without libyaml, its Python parser gives the same."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBYAML], input=WELL_FORMED, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True [] 11\n", "")
