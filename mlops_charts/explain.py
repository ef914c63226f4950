"""What a field or a code means, in words: for `explain`, for the reference of the spec, and for the page of problems.

Everything is read from the types' own schema and from the table of codes, so that nothing can go stale.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mlops_charts.problems import CODES, Code, nearest
from mlops_charts.spec.schema import Kind, Schema, model_schema, platform_schema

_STEP = re.compile(r"\[[^\]]*\]|\{[^}]*\}")
_BOUNDS: Mapping[str, str] = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minItems": "entries at least",
    "maxItems": "entries at most",
    "minProperties": "entries at least",
}
_NAMES: Mapping[str, str] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "null",
}
_FILES: Mapping[Kind, str] = {"model": "model.yaml", "platform": "platform.yaml"}


@dataclass(frozen=True)
class Field:
    """One field of a specification.

    Attributes:
        kind: The file that it stands in.
        path: Its path; entries of lists and maps stand as `[]` and `{}`.
        schema: What the JSON Schema says of it.
        required: Whether it has no default.
    """

    kind: Kind
    path: str
    schema: Schema
    required: bool

    @property
    def type_text(self) -> str:
        """The kind of its value, in words."""
        return _type(self.kind, self.schema)

    @property
    def default_text(self) -> str:
        """Its default as it would be written, `required`, or nothing."""
        if self.required:
            return "required"
        default = self.schema.get("default")
        if default is None:
            return ""
        return "" if _block(self.kind, self.schema) else _written(default)

    @property
    def meaning(self) -> str:
        """One sentence."""
        block = _block(self.kind, self.schema) or {}
        return str(self.schema.get("description") or block.get("description", "")).replace("\n", " ")

    @property
    def range_text(self) -> str:
        """The bounds of its value."""
        parts = [
            part for part in (self.schema, *self.schema.get("anyOf", ())) if not {"$ref", "prefixItems"} & set(part)
        ]
        bounds = [
            f"{words} {_written(part[bound])}" for part in parts for bound, words in _BOUNDS.items() if bound in part
        ]
        return ", ".join(dict.fromkeys(bounds))

    @property
    def overridable(self) -> bool:
        """Whether an environment may set it differently."""
        return bool(self.schema.get("x-overridable"))


def explain(word: str) -> str | None:
    """Return what a code or a field means, None if there is neither.

    Args:
        word: A code such as `unknown-field`, or a field's path such as `serving.replicas`; `platform:` or `platform.`
            ahead of a path looks in platform.yaml alone. An index or a name of a map may stand in a path.
    """
    if word in CODES:
        return _code_text(word, CODES[word])
    found = [field for kind in _kinds(word) for field in fields(kind) if _same(_bare(word), field)] if word else []
    return "\n".join(_field_text(field) for field in found) or None


def suggestion(word: str) -> str:
    """Return `; did you mean ...?` with the nearest code or path, or nothing if none is near."""
    paths = sorted({_bare(field.path) for kind in _kinds(word) for field in fields(kind)}, key=lambda p: (-len(p), p))
    last = {path.rpartition(".")[2]: path for path in paths}
    end = _bare(word).rpartition(".")[2]
    near = nearest(_bare(word), {*paths, *CODES}) or last.get(end) or last.get(nearest(end, last) or "")
    return f'; did you mean "{near}"?' if near else ""


def overview() -> str:
    """Return the top-level fields of both files, and all codes with their titles."""
    lines = []
    for kind, file in _FILES.items():
        top = [field for field in fields(kind) if "." not in field.path]
        lines += [f"{file}:", *(f"  {field.path:<17}{field.meaning}" for field in top), ""]
    width = max(map(len, CODES)) + 2
    return "\n".join([*lines, "codes:", *(f"  {name:<{width}}{code.title}" for name, code in CODES.items())])


def fields(kind: Kind) -> Iterator[Field]:
    """Yield every field of a specification in reading order."""
    yield from _walk(kind, _root(kind), "")


def reference_markdown() -> str:
    """Return docs/spec.md: every field with its type, default and meaning, a table for each block."""
    lines = [
        "# Reference of model.yaml and platform.yaml",
        "",
        "Made from the types; `mlops-charts explain FIELD` prints the same for one field. Durations are written `2ms`,",
        "`90s`, `5m`, `1h30m`; quantities as Kubernetes writes them, `500m`, `512Mi`. A field marked * may be set",
        "differently for an environment, under `environments[].overrides`.",
    ]
    for kind, file in _FILES.items():
        lines += ["", f"## {file}"]
        for title, meaning, entries in _blocks(kind):
            lines += ["", f"### {title}" if title else "### Top level", "", meaning, ""]
            lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
            lines += [_row(field) for field in entries]
    return "\n".join(lines) + "\n"


def problems_markdown() -> str:
    """Return docs/problems.md: every code with its reason, its cure and an example."""
    lines = [
        "# Problems",
        "",
        (
            "Every problem has a code, which stays; `mlops-charts explain CODE` prints what stands here. Warnings "
            "do not fail"
        ),
        "a command.",
    ]
    for name, code in CODES.items():
        warning = " (warning)" if code.severity == "warning" else ""
        lines += ["", f"## {name}", "", f"{code.title}{warning}. {code.why}", "", f"**Do:** {code.fix}"]
        if code.example:
            lines += ["", "```yaml", code.example, "```"]
    return "\n".join(lines) + "\n"


def _kinds(word: str) -> tuple[Kind, ...]:
    if re.match(r"platform(\.yaml)?[:.]", word):
        return ("platform",)
    return ("model",) if re.match(r"model(\.yaml)?[:.]", word) else ("model", "platform")


def _bare(word: str) -> str:
    path = re.sub(r"^(?:platform|model)(?:\.yaml)?[:.]\s*", "", word.strip())
    return _STEP.sub("", path).strip(".")


def _same(bare: str, field: Field) -> bool:
    """Return whether a path leads to a field; behind `{}` one step more, the entry's name, may stand in it."""
    named = re.escape(_STEP.sub("\0", field.path)).replace("\0", r"(?:\.[^.]+)?") if "{}" in field.path else ""
    return bare == _bare(field.path) or bool(named and re.fullmatch(named, bare))


@cache
def _root(kind: Kind) -> Schema:
    return model_schema() if kind == "model" else platform_schema()


def _walk(kind: Kind, block: Schema, prefix: str) -> Iterator[Field]:
    required = block.get("required", ())
    for key, schema in block["properties"].items():
        path = f"{prefix}{key}"
        yield Field(kind, path, schema, key in required)
        inner, suffix = _inner(kind, schema)
        if inner:
            yield from _walk(kind, inner, f"{path}{suffix}.")


def _options(schema: Schema) -> tuple[Schema, ...]:
    return tuple(option for option in schema.get("anyOf", (schema,)) if option.get("type") != "null")


def _block(kind: Kind, schema: Schema) -> Schema | None:
    for option in _options(schema):
        if "$ref" in option:
            found: Schema = _root(kind)["$defs"][option["$ref"].rpartition("/")[2]]
            return found
    return None


def _inner(kind: Kind, schema: Schema) -> tuple[Schema | None, str]:
    """Return the block below a field, and how its entries are written behind the field's key."""
    for option in _options(schema):
        if "items" in option and (block := _block(kind, option["items"])):
            return block, "[]"
        entries = _entries(option)
        if entries and (block := _block(kind, entries)):
            return block, "{}"
    return _block(kind, schema), ""


def _entries(schema: Schema) -> Schema | None:
    """Return the schema of a map's values."""
    patterns = schema.get("patternProperties")
    found = next(iter(patterns.values())) if patterns else schema.get("additionalProperties")
    return found if isinstance(found, dict) else None


def _type(kind: Kind, schema: Schema) -> str:
    if "x-kind" in schema or "$ref" in schema:
        return str(schema.get("x-kind", "block"))
    if "enum" in schema or "const" in schema:
        return " | ".join(str(choice) for choice in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(kind, option) for option in _options(schema)))
    return _collection(kind, schema) or _plain(schema)


def _collection(kind: Kind, schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])} {_type(kind, schema['prefixItems'][0])}s"
    if "items" in schema:
        return f"list of {_type(kind, schema['items'])}"
    entries = _entries(schema)
    return f"map of {_type(kind, entries)}" if entries else ""


def _plain(schema: Schema) -> str:
    names = schema.get("type", "anything")
    listed = names if isinstance(names, list) else [names]
    return " or ".join(_NAMES.get(name, name) for name in listed)


def _written(default: Any) -> str:
    if isinstance(default, float) and default.is_integer():
        return str(int(default))
    if isinstance(default, str):
        return default or '""'
    return json.dumps(default)


def _field_text(field: Field) -> str:
    lines = [f"{field.path}   ({_FILES[field.kind]})", f"  {field.meaning}"]
    facts = {
        "type": field.type_text,
        "default": _full_default(field),
        "range": field.range_text,
        "example": ", ".join(str(example) for example in field.schema.get("examples", ())),
        "overridable": "yes, for each environment" if field.overridable else "",
    }
    lines += [f"  {name + ':':<13}{text}" for name, text in facts.items() if text]
    inner, suffix = _inner(field.kind, field.schema)
    if inner:
        lines.append(f"  fields{f' of each entry ({suffix})' if suffix else ''}:")
        width = max(map(len, inner["properties"])) + 2
        below = [
            Field(field.kind, key, schema, key in inner.get("required", ()))
            for key, schema in inner["properties"].items()
        ]
        lines += [f"    {entry.path:<{width}}{entry.meaning}" for entry in below]
    return "\n".join(lines) + "\n"


def _full_default(field: Field) -> str:
    default = field.schema.get("default")
    return json.dumps(default) if isinstance(default, dict | list) else field.default_text


def _code_text(name: str, code: Code) -> str:
    example = "\n".join(f"    {line}" for line in code.example.splitlines())
    text = f"{name}   ({code.severity.value})\n  {code.title}.\n\n  Why: {code.why}\n  Do:  {code.fix}\n"
    return text + (f"\n  Example:\n{example}\n" if example else "")


def _blocks(kind: Kind) -> Iterator[tuple[str, str, list[Field]]]:
    """Yield title, meaning and fields of every block."""
    grouped: dict[str, list[Field]] = {"": []}
    meanings = {"": str(_root(kind).get("description", ""))}
    for field in fields(kind):
        parent, _, _ = field.path.rpartition(".")
        grouped.setdefault(parent, []).append(field)
        inner, suffix = _inner(kind, field.schema)
        if inner:
            meanings[field.path + suffix] = field.meaning
    for title, entries in grouped.items():
        if ".overrides" not in f".{title}":
            yield title, meanings[title], entries


def _row(field: Field) -> str:
    key = field.path.rpartition(".")[2]
    mark = "\\*" if field.overridable else ""
    kind = ", ".join(filter(None, (field.type_text, field.range_text))).replace("|", "\\|")
    default = field.default_text if field.default_text in {"", "required"} else f"`{field.default_text}`"
    meaning = field.meaning.replace("|", "\\|")
    return f"| `{key}`{mark} | {kind} | {default} | {meaning} |"
