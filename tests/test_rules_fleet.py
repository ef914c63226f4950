"""Names that models of one repository would share, and rules that follow environments."""

from mlops_charts.rules import Asked, Served, check_fleet, check_model
from mlops_charts.rules.fleet import colliding_names
from mlops_charts.rules.release import finest_ratio
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec

GATES = "validation: {gates: [{metric: accuracy, min: 0.9}]}\n"


def asked(name: str, environment: str, rest: str = "") -> Asked:
    text = f'metadata: {{name: {name}}}\ntraining: {{data: {{uri: "sklearn://iris"}}}}\nenvironments: [{environment}]\n'
    source, problems = parse(text + GATES + rest, f"model/{name}/model.yaml")
    assert source
    assert problems == []
    platform = PlatformSpec.model_validate({"environments": {"c": {}, "b-c": {}, "pipeline": {}}})
    parsed = parse_spec(ModelSpec, source)
    assert parsed.problems == ()
    return Asked(parsed.spec, platform, source)


def test_a_hyphen_can_stand_on_either_side() -> None:
    """`a-b` in `c` and `a` in `b-c` share a namespace, and no Application."""
    fleet = [Served.of(asked("a-b", "c")), Served.of(asked("a", "b-c"))]
    assert [(name.kind, name.name) for name in colliding_names(fleet)] == [("namespace", "a-b-c")]
    (problem,) = check_fleet(fleet)
    assert problem.message == 'the namespace "a-b-c" is also made by the model a-b'
    assert problem.position
    assert (problem.position.file, problem.position.line) == ("model/a/model.yaml", 1)


def test_models_that_share_nothing() -> None:
    """Different names in one environment are no problem."""
    assert check_fleet([Served.of(asked("a", "c")), Served.of(asked("b", "c"))]) == []


def test_what_environments_share_is_said_once() -> None:
    """A problem of the base is not repeated for each environment that inherits it."""
    override = "{name: c, overrides: {serving: {timeout: 9s}}}, {name: b-c, overrides: {serving: {timeout: 8s}}}"
    found = check_model(asked("a", override, "release: {steps: [9, 5]}\n"))
    assert [(problem.code, problem.path) for problem in found] == [("steps-not-rising", "release.steps[1]")]


def test_broken_blocks_are_not_judged() -> None:
    """A rule that reads a broken block stays silent."""
    sound = asked("a", "c", "release: {steps: [9, 5]}\n")
    broken = Asked(sound.spec, sound.platform, sound.source, broken=frozenset({"release"}))
    assert (len(check_model(sound)), check_model(broken)) == (1, [])


def test_the_finest_ratio_of_latencies() -> None:
    """Our buckets are 10^(3/50) apart, the executor's up to 2.5."""
    assert (round(finest_ratio("python"), 2), finest_ratio("sklearn")) == (1.15, 2.5)
