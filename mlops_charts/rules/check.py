"""Running the rules: each whose blocks are sound, over the model as it stands and as each environment has it."""

from collections.abc import Iterable, Iterator

from mlops_charts.problems import Problem, sort
from mlops_charts.rules.asked import Asked
from mlops_charts.rules.fleet import Served, collisions
from mlops_charts.rules.platform_file import AskedPlatform
from mlops_charts.rules.table import MODEL_RULES, PLATFORM_RULES, ModelRule
from mlops_charts.source import Source
from mlops_charts.spec.platform import PlatformSpec


def check_model(asked: Asked) -> list[Problem]:
    """Return what is wrong with a model, in reading order; what several environments share is said once."""
    found: dict[Problem, None] = {}
    for rule in MODEL_RULES:
        if not rule.reads & asked.broken and not rule.reads_platform & asked.broken_platform:
            found.update(dict.fromkeys(_run(rule, asked)))
    return sort(found)


def check_platform(
    platform: PlatformSpec, source: Source | None, broken: frozenset[str] = frozenset()
) -> list[Problem]:
    """Return what is wrong with a platform, in reading order.

    Args:
        platform: The cluster.
        source: The text of platform.yaml; None for the built-in platform.
        broken: Top-level blocks that `parse_spec` found broken.
    """
    asked = AskedPlatform(platform, source)
    return sort({p: None for rule in PLATFORM_RULES if not rule.reads & broken for p in rule.check(asked)})


def check_fleet(fleet: Iterable[Served]) -> list[Problem]:
    """Return the names that models of one repository would share."""
    return sort(collisions(fleet))


def _run(rule: ModelRule, asked: Asked) -> Iterator[Problem]:
    for view in asked.views if rule.each_environment else (asked.view,):
        yield from rule.check(view)
