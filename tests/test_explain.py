"""Every field and every code can be explained."""

import pytest

from mlops_charts.explain import explain, fields, overview, problems_markdown, reference_markdown, suggestion
from mlops_charts.problems import CODES
from mlops_charts.spec.fields import walk
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.schema import Kind


@pytest.mark.parametrize(("kind", "root"), [("model", ModelSpec), ("platform", PlatformSpec)])
def test_every_field_is_explained(kind: Kind, root: type[ModelSpec | PlatformSpec]) -> None:
    """The schema and the types know the same fields, and each has a sentence and a type."""
    assert [field.path for field in fields(kind)] == [".".join(path) for path, _ in walk(root)]
    for field in fields(kind):
        text = explain(f"{kind}:{field.path}")
        assert text
        assert field.meaning in text
        assert "anything" not in field.type_text


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code: str) -> None:
    """A code tells why it exists and what to do."""
    text = explain(code)
    assert text
    assert CODES[code].why in text
    assert CODES[code].fix in text


def test_a_field_tells_its_facts() -> None:
    """Type, default, range and whether an environment may differ."""
    assert explain("serving.replicas") == (
        "serving.replicas   (model.yaml)\n"
        "  Pods of each version; not together with autoscaling.\n"
        "  type:        whole number\n"
        "  default:     2\n"
        "  range:       at least 1, at most 1000\n"
        "  overridable: yes, for each environment\n"
    )


@pytest.mark.parametrize(
    "path",
    [
        "environments{}.freeze",
        "environments.prod.freeze",
        "platform: environments.prod.freeze[0]",
        "platform.environments.freeze",
    ],
)
def test_names_and_indexes_may_stand_in_a_path(path: str) -> None:
    """A path may be written as a problem prints it."""
    text = explain(path)
    assert text
    assert text.startswith("environments{}.freeze   (platform.yaml)")


def test_a_word_of_both_files_is_explained_for_both() -> None:
    """What stands in both files is told twice, unless one file is named."""
    both, one = explain("apiVersion") or "", explain("platform:apiVersion") or ""
    assert ("model.yaml" in both, "platform.yaml" in both) == (True, True)
    assert ("(model.yaml)" in one, "(platform.yaml)" in one) == (False, True)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("serving.replcas", '; did you mean "serving.replicas"?'),
        ("replicas", '; did you mean "serving.replicas"?'),
        ("unknwn-field", '; did you mean "unknown-field"?'),
        ("zzzzzzzz", ""),
    ],
)
def test_a_wrong_word_gets_a_suggestion(word: str, expected: str) -> None:
    """What is not known is answered with what is near."""
    assert explain(word) is None
    assert suggestion(word) == expected


def test_the_pages_hold_everything() -> None:
    """The reference has every field, the page of problems every code, the overview all that is at the top."""
    reference, problems, all_of_it = reference_markdown(), problems_markdown(), overview()
    assert all(
        f"`{field.path.rpartition('.')[2]}`" in reference for kind in ("model", "platform") for field in fields(kind)
    )
    assert all(f"\n## {code}\n" in problems for code in CODES)
    assert all(f"  {code}" in all_of_it for code in CODES)


def test_every_default_of_the_reference_is_written_out() -> None:
    """Also one that is long: a reader of the page has nowhere else to look."""
    reference = reference_markdown()
    assert "see below" not in reference
    assert '`[{"cidr": "10.0.0.1/32", "namespace": null, "port": 443}]`' in reference
