"""A release file's text as a state that releases may go on from; what is wrong in it is told, and nothing is done.

It needs neither steps nor the spec, so that a look at a release stays cheap.
"""

from __future__ import annotations

from pydantic import ValidationError

from mlops_charts import contract
from mlops_charts.errors import Mistake
from mlops_charts.release import ReleaseState, problems_of
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.source import dotted, parse


def sound_state(text: str | None, path: str, spec: ReleaseSpec) -> ReleaseState:
    """Return the state in a release file.

    Args:
        text: Its text; None if there is no such file.
        path: The file, for messages.
        spec: The model.

    Raises:
        Mistake: There is none, it is no release file, or its state is one that no release command writes.
    """
    if text is None:
        raise Mistake(f"{path} is not in the repository; commit what `mlops-charts render` writes")
    state = _parsed(text, path)
    if flaws := problems_of(state, spec.ingress, prepackaged=spec.runtime in contract.PREPACKAGED):
        flaw = flaws[0]
        raise Mistake(f"{path}: {flaw.key}: {flaw.message}; {flaw.note}")
    return state


def _parsed(text: str, path: str) -> ReleaseState:
    source, problems = parse(text, path)
    if source is None or problems:
        raise Mistake(f"{path} is no release file: {problems[0].message if problems else 'it is empty'}")
    release = source.data.get("release") if isinstance(source.data, dict) else None
    if not isinstance(release, dict):
        raise Mistake(f"{path} is no release file: it has no block release")
    try:
        return ReleaseState.model_validate(release)
    except ValidationError as error:
        first = error.errors()[0]
        where = ("release", *(part for part in first["loc"] if isinstance(part, str | int)))
        raise Mistake(f"{path}: {dotted(where)}: {first['msg']}") from None
