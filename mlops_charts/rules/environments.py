"""Rules about where a model is served."""

from collections.abc import Iterator

from mlops_charts.problems import Problem, nearest
from mlops_charts.rules.asked import View
from mlops_charts.source import Path


def known(view: View) -> Iterator[Problem]:
    """Every environment is one of platform.yaml."""
    places = view.asked.platform.environments
    for index, entry in enumerate(view.spec.environments):
        if entry.name not in places:
            suggestion = nearest(entry.name, places)
            did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
            message = f'{view.asked.platform_file} has no environment "{entry.name}"{did_you_mean}'
            note = f"{view.asked.platform_file} has: {', '.join(places)}{view.asked.without_platform}"
            yield view.problem("unknown-environment", message, *_name(index), note=note)


def unique(view: View) -> Iterator[Problem]:
    """An environment stands in the order once."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(view.spec.environments):
        first = seen.setdefault(entry.name, index)
        if first != index:
            note = "remove one of them; overrides belong beside the name"
            yield view.problem(
                "duplicate-environment", f'"{entry.name}" is environments[{first}] already', *_name(index), note=note
            )


def _name(index: int) -> tuple[Path, Path]:
    return ("environments", index, "name"), ("environments", index)
