"""The text of a release file, and the state that is read of it."""

from hypothesis import given
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


def test_half_a_character_is_replaced() -> None:
    """No file could hold it."""
    state = nothing_released().model_copy(update={"rejected": ({"version": "1.0.0", "reason": "a\ud800b"},)})

    read = state_in(release_text(state).encode().decode(), _PATH)

    assert [dict(one) for one in read.rejected] == [{"version": "1.0.0", "reason": "a\ufffdb"}]
