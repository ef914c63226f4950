"""Which number a version gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow_store import call, spec
from pipeline_plans import MINIMAL

from mlops_charts import contract
from mlops_charts.saved_model import Column, Signature, signature_text
from mlops_charts.steps import versions
from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.registered import Version
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.version import run
from mlops_charts.steps.versions import NOTHING, Mark, mark_of, mark_text, numbered, risen

SIGNATURE = Signature(
    task="classification", format="onnx", inputs=(Column(name="width", type="double"),), classes=("a",)
)


def registered(number: int, version: str = "", run: str = "", **tags: str) -> Version:
    """Return a version of the registry; tags are those that it is compared by."""
    names = {
        "signature": versions.TAG_SIGNATURE, "params": versions.TAG_PARAMS, "columns": versions.TAG_COLUMNS,
        "bump": versions.TAG_BUMP, "code": contract.TAG_CODE, "data": contract.TAG_DATA,
    }  # fmt: skip
    given = {names[name]: text for name, text in tags.items()}
    return Version(number, version, run or f"run-{number}", "", "", "", "", "", "", given, ())


CASES = {
    "signature": ({"signature": "2", "code": "2", "data": "2"}, "2.0.0", "the signature differs from 1.4.7"),
    "code": ({"code": "2", "data": "2"}, "1.5.0", "the code differs from 1.4.7"),
    "code and params": ({"code": "2", "params": "2"}, "1.5.0", "the code and params differ from 1.4.7"),
    "columns": ({"columns": "2"}, "1.5.0", "the columns differ from 1.4.7"),
    "data": ({"data": "2"}, "1.4.8", "the data differ from 1.4.7"),
    "nothing": ({}, "1.4.8", "nothing of it differs from 1.4.7"),
    "asked": ({"signature": "2", "bump": "patch"}, "1.4.8", "versioning.bump is patch"),
    "asked for major": ({"bump": "major"}, "2.0.0", "versioning.bump is major"),
}
SAME = {"signature": "1", "code": "1", "params": "1", "columns": "1", "data": "1"}


@pytest.mark.parametrize(("changed", "expected", "reason"), CASES.values(), ids=CASES)
def test_what_rises_follows_from_what_changed(changed: dict[str, str], expected: str, reason: str) -> None:
    """Major for a new signature, minor for code, params or columns, patch for data; or what was asked for."""
    one = numbered([registered(1, "1.4.7", **SAME), registered(2, **(SAME | changed))])[1]
    assert (one.semantic, one.reason) == (expected, reason)


def test_the_first_is_one() -> None:
    """Whatever was asked for."""
    assert [(one.semantic, one.part) for one in numbered([registered(7, bump="major")])] == [("1.0.0", None)]


def test_versions_are_compared_with_the_highest_before() -> None:
    """Not with the newest: a patch of an old line does not make the next version jump back."""
    ordered = [registered(1, "2.0.0", **SAME), registered(2, "1.9.9", **(SAME | {"code": "0"})), registered(3, **SAME)]
    assert numbered(ordered)[2].semantic == "2.0.1"


def test_a_deleted_version_never_comes_back() -> None:
    """The mark keeps what the highest has been, and what it was compared by."""
    mark = risen([registered(1, "1.0.0", **SAME), registered(2, "1.3.0", **SAME)], NOTHING)
    assert mark_of(mark_text(mark)) == mark
    assert [one.semantic for one in numbered([registered(3, **(SAME | {"data": "2"}))], mark)] == ["1.3.1"]
    assert [one.semantic for one in numbered([registered(1, "1.0.0"), registered(3, **SAME)], mark)] == [
        "1.0.0",
        "1.3.1",
    ]
    assert mark_of("nonsense") == mark_of("") == NOTHING


def test_a_run_counts_once() -> None:
    """Two steps of one run may have registered it twice; the lower number is its version."""
    ordered = [
        registered(1, "1.0.0", **SAME),
        registered(2, run="r", **SAME),
        registered(3, run="r", **SAME),
        registered(4),
    ]
    assert [(one.version.number, one.semantic) for one in numbered(ordered)] == [
        (1, "1.0.0"),
        (2, "1.0.1"),
        (4, "2.0.0"),
    ]


@given(
    st.lists(
        st.fixed_dictionaries(
            {name: st.sampled_from("12") for name in SAME} | {"bump": st.sampled_from(["auto", "minor"])}
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_everybody_computes_the_same(history: list[dict[str, str]], data: st.DataObject) -> None:
    """Whichever versions were numbered already, and in whatever order they come, the numbers are the same and rise."""
    ordered = [registered(number, **tags) for number, tags in enumerate(history, 1)]
    full = [one.semantic for one in numbered(ordered)]
    done = data.draw(st.sets(st.sampled_from(range(len(ordered)))))
    partly = [replace(one, version=full[at]) if at in done else one for at, one in enumerate(ordered)]
    mark = risen([one for one in partly if one.version], NOTHING) if done else NOTHING
    assert [one.semantic for one in numbered(data.draw(st.permutations(partly)), mark)] == full
    assert full == sorted(set(full), key=versions.parts)


def test_digests_tell_what_callers_see_from_what_data_are() -> None:
    """Values that may be missing are a matter of the columns; a class more is one of the signature."""
    nullable = SIGNATURE.model_copy(update={"inputs": (Column(name="width", type="double", nullable=True),)})
    classes = SIGNATURE.model_copy(update={"classes": ("a", "b")})
    digests = [(versions.signature_digest(one), versions.columns_digest(one)) for one in (SIGNATURE, nullable, classes)]
    assert digests[0][0] == digests[1][0] != digests[2][0]
    assert digests[0][1] == digests[2][1] != digests[1][1]


def validated(
    tmp_path: Path, code: str, data: str, *, bump: str = "auto", stage: str = "validated"
) -> tuple[Registry, Call]:
    """Return a registry with a run at a stage, and a call of the step for it."""
    model = {**MINIMAL, "versioning": {"bump": bump}}
    registry = open_registry(call(tmp_path, spec(model)))
    found = registry.open(code, data, "abc123", "commit")
    folder = tmp_path / f"model-{code}-{data}"
    folder.mkdir()
    (folder / contract.SIGNATURE).write_text(signature_text(SIGNATURE))
    registry.put(found.id, folder, contract.MODEL_ARTIFACTS)
    registry.advance(found.id, stage)
    return registry, call(tmp_path, spec(model), name=f"version-{code}-{data}", run_id=found.id)


def test_a_run_has_one_version_with_all_that_it_comes_from(tmp_path: Path) -> None:
    """Tags, words, source and alias are there; a second call finds what the first has made."""
    registry, asked = validated(tmp_path, "c1", "d1")
    first, second = run(asked), run(asked)
    assert (first.version, first.registered, first.reason) == ("1.0.0", True, "it is the first")
    assert second == first.model_copy(update={"registered": False})
    assert (asked.outputs / "version").read_text() == "1.0.0"
    (version,) = registry.versions()
    found = registry.run(version.run_id)
    assert (version.version, version.code, version.data, version.commit) == ("1.0.0", "c1", "d1", "abc123")
    assert (version.source, version.aliases) == (f"{found.artifacts}/model", ("challenger",))
    assert (found.version, found.stage) == ("1.0.0", "versioned")
    described = registry.connection.client.get_model_version("iris", "1").description
    assert (
        described
        == f"iris 1.0.0 (it is the first): code c1, from commit abc123 learned from data d1 in the run {found.id}."
    )


def test_numbers_follow_the_registry(tmp_path: Path) -> None:
    """Code, data and what was asked for, over several runs; a deleted version leaves its number behind."""
    found = []
    for code, data, bump in (("c1", "d1", "auto"), ("c2", "d1", "auto"), ("c2", "d2", "auto"), ("c3", "d2", "major")):
        registry, asked = validated(tmp_path, code, data, bump=bump)
        found.append(run(asked).version)
    assert found == ["1.0.0", "1.1.0", "1.1.1", "2.0.0"]
    registry.withdraw(4)
    registry, asked = validated(tmp_path, "c3", "d3")
    assert run(asked).version == "2.0.1"
    assert [one.version for one in registry.versions() if one.aliases] == ["2.0.1"]


def test_the_challenger_never_moves_down(tmp_path: Path) -> None:
    """A run that goes on late gets its version, and does not take the alias from a higher one."""
    registry, late = validated(tmp_path, "c1", "d1", bump="patch")
    run(late)
    registry, other = validated(tmp_path, "c2", "d1", bump="major")
    run(other)
    run(late)
    assert [one.version for one in registry.versions() if one.aliases] == ["2.0.0"]


def test_what_was_not_validated_gets_no_version(tmp_path: Path) -> None:
    """A gate that failed leaves the run trained."""
    registry, asked = validated(tmp_path, "c1", "d1", stage="trained")
    with pytest.raises(Refused, match="is trained; a version needs a run that was validated"):
        run(asked)
    assert registry.versions() == ()


def test_a_run_without_a_model_is_said(tmp_path: Path) -> None:
    """Neither the artifact nor the run has one."""
    registry = open_registry(call(tmp_path))
    found = registry.open("c1", "d1", "", "commit")
    registry.advance(found.id, "validated")
    with pytest.raises(Unavailable, match="there is no saved model"):
        run(call(tmp_path, name="version", run_id=found.id))
    assert registry.versions() == ()


def test_a_mark_knows_its_number() -> None:
    """A mark of a version that is still there decides nothing about those before it."""
    ordered = [registered(1, **SAME), registered(2, "3.0.0", **SAME)]
    assert [one.semantic for one in numbered(ordered, Mark(2, "3.0.0", {}))] == ["1.0.0", "3.0.0"]
