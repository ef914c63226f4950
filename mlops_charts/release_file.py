"""The text of a release file as a state: what is wrong in it is told, located, and nothing is taken from it then.

It must know neither steps nor the spec, so that a look at a release stays cheap.
"""

from __future__ import annotations

from pydantic import ValidationError

from mlops_charts import contract
from mlops_charts.errors import Mistake
from mlops_charts.release import ReleaseState, problems_of
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.source import dotted, parse


def state_in(text: str | None, path: str) -> ReleaseState:
    """Return the state in a release file.

    Args:
        text: Its text; None if there is no such file.
        path: The file, for messages.

    Raises:
        Mistake: There is none, it is no release file, or it has more than a state, which the next commit would lose.
    """
    if text is None:
        raise Mistake(f"{path} is not in the repository; commit what `mlops-charts render` writes")
    source, problems = parse(text, path)
    if source is None or problems:
        raise Mistake(f"{path} is no release file: {problems[0].message if problems else 'it is empty'}")
    data = source.data
    if not isinstance(data, dict) or not isinstance(data.get("release"), dict):
        raise Mistake(f"{path} is no release file: it has no block release")
    if others := [str(key) for key in data if key != "release"]:
        values = path.replace("release-", "values-")
        raise Mistake(f"{path}: {', '.join(others)}: a release file has the one key release; values go into {values}")
    try:
        return ReleaseState.model_validate(data["release"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ("release", *(part for part in first["loc"] if isinstance(part, str | int)))
        raise Mistake(f"{path}: {dotted(where)}: {first['msg']}") from None


def sound_state(text: str | None, path: str, spec: ReleaseSpec) -> ReleaseState:
    """Return the state in a release file that releases may go on from.

    Args:
        text: Its text; None if there is no such file.
        path: The file, for messages.
        spec: The model.

    Raises:
        Mistake: As `state_in`; or its state is one that no release command writes.
    """
    state = state_in(text, path)
    if flaws := problems_of(state, spec.ingress, prepackaged=spec.runtime in contract.PREPACKAGED):
        flaw = flaws[0]
        raise Mistake(f"{path}: {flaw.key}: {flaw.message}; {flaw.note}")
    return state
