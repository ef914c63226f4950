"""Releases that are driven by ticks alone, from their start to their end, in a world with a real git and MLflow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from release_worlds import LONG_AGO, POLICY, World, started, world
from repositories import git
from serving_samples import OLD

from mlops_charts import contract
from mlops_charts.history.story import story
from mlops_charts.history.verify import verify
from mlops_charts.release import state_of
from mlops_charts.release.asked import Freeze
from mlops_charts.release.repository import fetched
from mlops_charts.releasing import evidence


@pytest.fixture
def life(tmp_path: Path) -> Iterator[World]:
    """A world in which the release of 1.2.0 has started in staging."""
    with world(tmp_path) as found:
        found.begin(started(found.new))
        yield found


def lived(life: World, environment: str = "staging", most: int = 30, **traffic: float) -> list[str]:
    """Tick until nothing is in flight, with traffic and Argo CD between two ticks; return what has happened."""
    happened = []
    for _ in range(most):
        found = life.tick(environment)
        if found.outcome == "resting":
            return happened
        if found.outcome == "moved":
            happened.append(f"{found.event} {found.state.phase}")
            life.sync(environment)
        life.traffic(**traffic)
    raise AssertionError(f"it does not come to an end: {happened}, {found.message}")


def test_a_good_version_passes_every_step_and_the_next_environment_begins(life: World) -> None:
    """Each step is one commit with its evidence; the old version is switched off, and prod starts by itself."""
    assert lived(life) == [
        "ready canary",
        "advance canary",
        "advance promoting",
        "ready baking",
        "baked baking",
        "settle settled",
    ]
    assert life.state().green.model_dump(include={"version", "enabled", "weight"}) == {
        "version": "1.2.0",
        "enabled": True,
        "weight": 100,
    }
    assert not life.state().blue.enabled
    assert (life.state("prod").phase, life.state("prod").green.version) == ("warming", "1.2.0")
    assert life.commits()[1:] == [
        "Go on with iris 1.2.0 in staging: warming -> canary 5 %",
        "Advance iris 1.2.0 in staging: canary 5 % -> canary 50 %",
        "Advance iris 1.2.0 in staging: canary 50 % -> promoting",
        "Go on with iris 1.2.0 in staging: promoting -> baking",
        "Switch off what was before iris 1.2.0 in staging: baking",
        "Start the release of iris 1.2.0 in prod: settled -> warming",
        "Settle iris 1.2.0 in staging: baking -> settled",
    ]
    run = life.registry.run(life.new.run_id)
    assert run.tags["mlops.release.staging"] == "settled"
    assert run.metrics["release.staging.errorRate.candidate"] == 0
    assert life.registry.champion() is None, "prod has not promoted it yet"


def test_behind_the_last_environment_the_version_is_champion(life: World) -> None:
    """The alias moves when the release settles there, and nothing follows."""
    life.begin(started(life.new, POLICY.model_copy(update={"strategy": "blueGreen", "steps": ()})), "prod")
    assert lived(life, "prod")[-1] == "settle settled"
    champion = life.registry.champion()
    assert champion is not None
    assert (champion.version, champion.aliases) == ("1.2.0", (contract.ALIAS_CHAMPION,))


def test_a_version_that_fails_is_taken_back_and_rejected(life: World) -> None:
    """Its pods go once the route is without it; who answered before answers; the evidence says why."""
    assert lived(life, failing=0.08) == [
        "ready canary",
        "regress rollingBack",
        "ready rollingBack",
        "settle settled",
    ]
    state = life.state()
    assert (state.stable, state.blue.version, state.blue.weight, state.green.enabled) == ("blue", "1.1.0", 100, False)
    (rejected,) = state.rejected
    assert (rejected["version"], rejected["reason"].split()[0]) == ("1.2.0", "errorRate:")
    kept = evidence.read(life.registry, life.new.run_id, "staging", rejected["evidence"])
    assert kept is not None
    assert evidence.digest(kept) == rejected["evidence"]
    assert json.loads(kept)["decision"]["cause"] == "verdict"
    assert life.registry.run(life.new.run_id).tags["mlops.release.staging"] == "rolledBack"
    assert life.state("prod").phase == "settled", "nothing goes on to the next environment"


def test_a_version_that_is_slow_is_taken_back(life: World) -> None:
    """Latency counts as errors do, though it is not critical."""
    assert lived(life, seconds=0.02)[1] == "regress rollingBack"


@pytest.mark.parametrize("failing", [0.0, 0.08])
def test_what_ticks_have_done_can_be_proven(life: World, failing: float) -> None:
    """Every commit follows from the one before it, and every record judged once more says what was done."""
    lived(life, failing=failing)
    with fetched(life.asked().remote, history=True) as branch:
        events = story(life.spec, branch)

    def read(run: str, environment: str, named: str) -> bytes | None:
        return evidence.read(life.registry, run, environment, named)

    found = verify(life.spec, events, read)
    imported = {event.commit for event in events if event.before is None}  # a world begins with settled releases
    assert [one for one in found.wrong if one.commit not in imported] == []
    assert (found.records, found.unchecked) == (1 if failing else 2, ())


def test_the_commit_of_a_verdict_names_its_evidence(life: World) -> None:
    """Trailers say who, where, which version and run, what happened, and on which record it rests."""
    life.tick()
    life.sync()
    life.tick()
    life.traffic()
    found = life.tick()
    assert (found.outcome, found.event) == ("moved", "advance")
    assert life.trailers() == {
        "Mlops-Model": "iris",
        "Mlops-Environment": "staging",
        "Mlops-Version": "1.2.0",
        "Mlops-Run": life.new.run_id,
        "Mlops-Event": "advance",
        "Mlops-Verdict": "advance",
        "Mlops-Evidence": found.evidence,
    }
    changed = git(life.server, "diff", "--name-only", "main~1", "main").split()
    assert changed == ["charts/iris/serving/release-staging.yaml"]


def test_a_version_with_all_traffic_is_judged_before_the_cluster_is_ready(life: World) -> None:
    """Evidence against it counts while nothing could go forward."""
    while life.tick().state.phase != "promoting":
        life.sync()
        life.traffic()
    life.traffic()
    found = life.tick()
    assert (found.outcome, found.state.phase, found.verdict is None) == ("held", "promoting", False)


def test_a_first_release_gets_all_traffic_once_it_answers(life: World) -> None:
    """There is no rival, so nothing is judged; the smoke test alone decides."""
    life.begin(started(life.new, old=None))
    assert lived(life) == ["ready promoting", "settle settled"]
    assert life.state("prod").phase == "warming"


def test_an_old_tick_after_the_end_changes_nothing(life: World) -> None:
    """A job that was started before the CronJob went is told that nothing is in flight."""
    life.begin(state_of("settled", "gatewayApi", OLD, life.new))
    before = life.commits()
    assert life.tick().outcome == "resting"
    assert life.commits() == before


def test_the_next_environment_s_freeze_is_waited_for(tmp_path: Path) -> None:
    """The release here stays in flight until it could be handed over; then it settles."""
    frozen = (Freeze(from_=LONG_AGO, to="2099-01-01T00:00:00Z"),)
    with world(tmp_path, environments={"prod": {"freeze": frozen}}) as life:
        life.begin(started(life.new, old=None))
        life.tick()
        life.sync()
        found = life.tick()
        assert (found.outcome, found.message.rpartition(": ")[2]) == (
            "held",
            "prod is frozen until 2099-01-01T00:00:00Z",
        )
        assert (life.state().phase, life.state("prod").phase) == ("promoting", "settled")


def test_the_next_environment_asks_for_approval(tmp_path: Path) -> None:
    """It starts there as that environment's own policy says, and the release here is over."""
    with world(tmp_path, environments={"prod": {"approval": True}}) as life:
        life.begin(started(life.new, old=None))
        assert lived(life)[-1] == "settle settled"
        assert life.state("prod").phase == "awaitingApproval"


def test_an_environment_that_rejected_the_version_is_passed_over(life: World) -> None:
    """A rejection is lifted by a person alone; the release here ends all the same."""
    rejected = ({"version": "1.2.0", "codeDigest": "", "dataDigest": "", "at": LONG_AGO, "evidence": "", "reason": ""},)
    life.begin(life.state("prod").model_copy(update={"rejected": rejected}), "prod")
    life.begin(started(life.new, old=None))
    assert lived(life)[-1] == "settle settled"
    assert life.state("prod").phase == "settled"
