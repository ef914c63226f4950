"""Rules about training: data, search, schedule, resources."""

from collections.abc import Iterator

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View, stated
from mlops_charts.source import Path
from mlops_charts.spec.scalars import quantity
from mlops_charts.spec.training import SpaceRange

_LONGEST_MONTH = {"2": 29, "4": 30, "6": 30, "9": 30, "11": 30, "feb": 29, "apr": 30, "jun": 30, "sep": 30, "nov": 30}


def image_or_requirements(view: View) -> Iterator[Problem]:
    """An image of one's own has its packages already."""
    training = view.spec.training
    if training.image and training.requirements:
        note = "remove one: an image of your own brings its packages along"
        yield view.problem(
            "exclusive-fields",
            "requirements and image cannot stand together",
            ("training", "image"),
            note=note,
            key=True,
        )


def packages_reached(view: View) -> Iterator[Problem]:
    """What requirements name can be installed: the policies deny whatever is not named."""
    asked, training = view.asked, view.spec.training
    if not training.requirements or training.image or asked.platform.network.packages:
        return
    if asked.platform_source and stated(asked.platform_source, ("network",)):
        message = "network.packages of platform.yaml names nothing, so no image can install them"
        note = "packages: [{cidr: 203.0.113.0/24, port: 443}], or a namespace of the cluster"
        yield view.problem("network-unreachable", message, ("training", "requirements"), note=note)


def retry_memory(view: View) -> Iterator[Problem]:
    """A retry after running out of memory gets at least what the first try had."""
    most, first = view.spec.training.retries.on_out_of_memory.max, view.spec.training.resources.memory
    if quantity(most) < quantity(first):
        paths: tuple[Path, ...] = (("training", "retries", "onOutOfMemory", "max"), ("training", "resources", "memory"))
        message = f"a retry would get at most {most}, less than the first try's {first}"
        yield view.problem("retry-memory", message, *paths, note=f"onOutOfMemory.max of {first} or more")


def search_parallel(view: View) -> Iterator[Problem]:
    """There are no more trials at a time than trials."""
    search = view.spec.training.search
    if search and search.parallel > search.trials:
        message = f"{search.parallel} trials at a time, but only {search.trials} in all"
        paths: tuple[Path, ...] = (("training", "search", "parallel"), ("training", "search", "trials"))
        yield view.problem("search-parallel", message, *paths, note=f"parallel: {search.trials} or less")


def search_space(view: View) -> Iterator[Problem]:
    """Every parameter of a search has exactly one kind of range, and the range is one."""
    search = view.spec.training.search
    for name, space in (search.space if search else {}).items():
        yield from _space(view, space, ("training", "search", "space", name))


def _space(view: View, space: SpaceRange, path: Path) -> Iterator[Problem]:
    kinds = {"int": space.int, "float": space.float, "logFloat": space.log_float, "choice": space.choice}
    given = {kind: values for kind, values in kinds.items() if values is not None}
    if len(given) != 1:
        found = " and ".join(given) or "none"
        note = "one of: int: [50, 300], float: [0.1, 0.9], logFloat: [0.0001, 0.1], choice: [gini, entropy]"
        yield view.problem("search-space-kind", f"expected exactly one kind of range, found {found}", path, note=note)
        return
    ((kind, values),) = given.items()
    if kind == "choice" and not values:
        yield view.problem(
            "search-space-range", "there is nothing to choose from", (*path, kind), note="choice: [gini, entropy]"
        )
    elif kind != "choice" and values[0] >= values[1]:
        message = f"the range does not rise: {values[0]:g} to {values[1]:g}"
        yield view.problem("search-space-range", message, (*path, kind), note=f"{kind}: [the least, the most]")
    elif kind == "logFloat" and values[0] <= 0:
        note = "a first number above zero, such as 0.0001"
        yield view.problem("search-space-range", f"{values[0]:g} has no logarithm", (*path, kind, 0), note=note)


def split_column(view: View) -> Iterator[Problem]:
    """A split by group, time or given rows names its column; others have none."""
    split, path = view.spec.training.data.split, ("training", "data", "split")
    if split.by in {"group", "time", "given"} and split.column is None:
        note = f"add column: the column of the {'split (train or test)' if split.by == 'given' else split.by}"
        yield view.problem("split-column", f"a split by {split.by} needs a column", (*path, "by"), note=note)
    if split.by in {"random", "stratified"} and split.column is not None:
        note = "remove it, or split by group, time or given"
        yield view.problem("split-column", f"a {split.by} split has no column", (*path, "column"), note=note, key=True)


def split_stratified(view: View) -> Iterator[Problem]:
    """Only classes can be stratified."""
    training = view.spec.training
    if training.data.split.by == "stratified" and training.task != "classification":
        message = f"a stratified split keeps the shares of classes, and the task is {training.task}"
        note = "by: random, group, time or given"
        yield view.problem("split-stratified", message, ("training", "data", "split", "by"), note=note)


def target_excluded(view: View) -> Iterator[Problem]:
    """The target is no feature anyway: a target among the excluded columns is a slip."""
    data = view.spec.training.data
    if data.target in data.exclude:
        path: Path = ("training", "data", "exclude", data.exclude.index(data.target))
        note = "the target is never a feature; remove it here, or name another target"
        yield view.problem("target-excluded", f'"{data.target}" is the target', path, note=note)


def schedule(view: View) -> Iterator[Problem]:
    """A schedule comes at some time, and not every few minutes."""
    cron = view.spec.training.schedule
    if not cron:
        return
    minute, hour, day, month, weekday = cron.split()
    path: Path = ("training", "schedule")
    if (
        weekday == "*"
        and day.isdigit()
        and month.lower() in _LONGEST_MONTH
        and int(day) > _LONGEST_MONTH[month.lower()]
    ):
        yield view.problem(
            "schedule-never", f'"{cron}" never comes: no such day', path, note="another day of the month"
        )
    if hour == "*" and not minute.isdigit():
        note = 'once a day or a week is usual: "0 3 * * 1" is Mondays at 03:00'
        yield view.problem("schedule-often", f'"{cron}" looks for new data several times an hour', path, note=note)


def pickle_allowed(view: View) -> Iterator[Problem]:
    """A pickle runs code when it is loaded, so a reviewer is to see it."""
    if view.spec.training.allow_pickle:
        note = "ONNX and skops hold most models; trustedTypes names further types that skops may load"
        yield view.problem(
            "allow-pickle", "loading a pickle runs whatever code is in it", ("training", "allowPickle"), note=note
        )


def variables(view: View) -> Iterator[Problem]:
    """An environment variable has one value."""
    seen: dict[str, str] = dict.fromkeys(view.spec.training.env, "training.env")
    for index, secret in enumerate(view.spec.training.secrets):
        if secret.env in seen:
            note = "remove one of them, or give it another name"
            path: Path = ("training", "secrets", index, "env")
            yield view.problem("duplicate-variable", f"{secret.env} is set by {seen[secret.env]} too", path, note=note)
        seen.setdefault(secret.env, f"training.secrets[{index}]")
