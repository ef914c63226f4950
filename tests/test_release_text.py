"""The text of a release file, and the state that is read of it."""

from hypothesis import example, given
from hypothesis import strategies as st

from mlops_charts.release import nothing_released, release_text
from mlops_charts.release_file import state_in

_PATH = "charts/iris/serving/release-staging.yaml"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_read(reason: str) -> None:
    """Whatever a server or a person has said stands in it as it was said: no character ends a line, or is lost."""
    state = nothing_released().model_copy(update={"rejected": ({"version": "1.0.0", "reason": reason},)})

    text = release_text(state)

    assert state_in(text, _PATH) == state
    assert all(line.isprintable() for line in text.split("\n"))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 9), max_size=4))
@example({"1": 1, "a: b": 2, "on": 3, "": 4, "- x": 5, "#": 6, "y": 7, "<<": 8})
def test_a_policy_of_any_keys_is_read_as_it_was_written(policy: dict[str, int]) -> None:
    """A person may have written any; the next commit neither changes one nor makes the file unreadable."""
    state = nothing_released().model_copy(update={"policy": policy})
    assert dict(state_in(release_text(state), _PATH).policy) == policy


def test_half_a_character_is_replaced() -> None:
    """No file could hold it."""
    state = nothing_released().model_copy(update={"rejected": ({"version": "1.0.0", "reason": "a\ud800b"},)})

    read = state_in(release_text(state).encode().decode(), _PATH)

    assert [dict(one) for one in read.rejected] == [{"version": "1.0.0", "reason": "a\ufffdb"}]
