"""The card of a version: what is known of it, what is missing, and nothing that nobody has written down."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mlflow_store import call, store
from repositories import Run, git

from mlops_charts import contract, load, plan
from mlops_charts.errors import NotFound
from mlops_charts.history.card import Card, Fact, Section
from mlops_charts.history.card_page import html, markdown
from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge
from mlops_charts.local.releases import release_repository
from mlops_charts.planning import release_spec
from mlops_charts.release import Identity, ReleaseState, release_text
from mlops_charts.release.events import Advance, Approve, Event, Ready, RollBack, Settle, Start
from mlops_charts.release.machine import transition
from mlops_charts.release.moves import written
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.repository import Remote, write
from mlops_charts.releasing import evidence
from mlops_charts.releasing.commits import commit_of
from mlops_charts.running.carding import CardAsked, Carded, card
from mlops_charts.steps.judging.report import GateVerdict, Report
from mlops_charts.steps.registry import Registry, open_registry

CODE, DATA = "c" * 64, "d" * 64
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY = Policy(
    strategy="canary",
    steps=(10, 50),
    interval_seconds=300,
    bake_seconds=1800,
    max_duration_seconds=21600,
    checks=(PolicyCheck(metric="errorRate", max_increase_points=1, critical=True),),
)
PATH = "charts/iris/serving/release-staging.yaml"
REPORT = Report(
    model="iris",
    task="classification",
    run_id="r",
    data_digest=DATA,
    verdict="passed",
    failures=(),
    test_rows=45,
    train_rows=105,
    min_rows=40,
    classes={"setosa": 45},
    metrics={"accuracy": 0.956},
    undefined={"rocAuc": "there are no probabilities"},
    gates=(GateVerdict(metric="accuracy", min=0.85, passed=True, rows=45, estimate=0.956, low=0.87, confidence=0.95),),
)


def versioned(registry: Registry, tmp_path: Path, commit: str, *, report: bool = True) -> str:
    """Register a version 1.0.0 as the steps do, and return its run."""
    run = registry.open(CODE, DATA, commit, "commit")
    registry.log(run.id, {"n_estimators": 100}, {"test_accuracy": 0.956})
    if report:
        folder = tmp_path / "report"
        folder.mkdir()
        (folder / "report.json").write_text(REPORT.model_dump_json(by_alias=True))
        registry.put(run.id, folder, "report")
    tags = {contract.TAG_CODE: CODE, contract.TAG_DATA: DATA, contract.TAG_COMMIT: commit}
    made = registry.register(f"{run.artifacts}/model", run.id, {**tags, contract.TAG_VERSION: "1.0.0"})
    registry.alias(contract.ALIAS_CHALLENGER, made.number)
    return run.id


def identity(version: str, run: str = "r0") -> Identity:
    return Identity(version=version, image=f"x:{version}", run_id=run, code_digest=CODE, data_digest=DATA)


@dataclass
class Releases:
    """Releases of iris in staging, one event after the other, as release commands commit them."""

    root: Path
    registry: Registry
    state: ReleaseState = field(default_factory=ReleaseState)
    count: int = 0

    def say(self, event: Event, verdict: str = "") -> str:
        """Commit what an event makes of the release, and return the commit."""
        self.count += 1
        before = self.state
        at = written(datetime.now(UTC) + timedelta(seconds=self.count))
        found = transition(before, event, ingress="gatewayApi", at=at)
        assert found.outcome == "moved", found.why
        self.state = found.state
        made = commit_of("iris", "staging", event, before, self.state, verdict=verdict)
        return write(Remote(str(self.root / ".mlops-charts/release.git"), "main"), PATH, lambda _: made).commit

    def served(self) -> None:
        """Release 0.9.0, the first version."""
        for event in (Start(identity("0.9.0"), POLICY), Ready(), Settle()):
            self.say(event)

    def judged(self, run: str) -> str:
        """Give 1.0.0 its first traffic, let the judge advance it, and return the digest of the evidence."""
        self.say(Start(identity("1.0.0", run), POLICY))
        self.say(Ready())
        window = Window(0, 600, Counts(90_000, 900), Counts(9_000, 90), Counts(90_000, 900))
        verdict = judge(POLICY, window)
        assert verdict.decision == "advance", verdict.reason
        spec = release_spec(plan(load(self.root / "model/iris")))
        at = "2026-11-23T10:10:00Z"
        content = evidence.record(spec, spec.place("staging"), self.state, POLICY, window, verdict, at, event=Advance())
        digest = evidence.store(self.registry, run, "staging", content)
        self.say(Advance(digest), "advance")
        return digest


@pytest.fixture
def root(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with iris, committed, with an empty MLflow and a release repository of this machine."""
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "Add iris")
    home = repository / ".mlops-charts"
    home.mkdir()
    store(home)
    release_repository(home, ["main"], {PATH: release_text(ReleaseState())})
    monkeypatch.chdir(repository)
    return repository


@pytest.fixture
def registry(root: Path, tmp_path: Path) -> Registry:
    """The MLflow of that repository."""
    return open_registry(call(tmp_path, tracking_uri=f"sqlite:///{root / '.mlops-charts/mlflow/mlflow.db'}"))


def facts(made: Card, title: str) -> dict[str, str]:
    """Return a section's facts; what is missing reads as `missing: why`."""
    (section,) = (one for one in made.sections if one.title == title)
    return {fact.name: fact.text or f"missing: {fact.missing}" for fact in section.facts}


def local(root: Path, version: str = "") -> Carded:
    return card(CardAsked("iris", version, local=True), {"PATH": "/usr/bin:/bin"}, NOW) if root else card(CardAsked())


def test_a_version_without_releases(root: Path, registry: Registry, tmp_path: Path) -> None:
    """What MLflow and git have is told, with its digests; what they lack is missing, with the reason."""
    commit = git(root, "rev-parse", "HEAD").strip()
    run = versioned(registry, tmp_path, commit)
    made = local(root)
    chain = {fact.name: fact.text for fact in made.card.chain}
    assert (chain["data"], chain["code"], chain["git commit"], chain["MLflow run"]) == (DATA, CODE, commit, run)
    assert facts(made.card, "Training")["the commit says"].startswith("Add iris (Iris, ")
    judged = facts(made.card, "Validation")
    content = (made.folder / "run/report/report.json").read_bytes()
    assert judged["digest of the report"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (judged["accuracy"], judged["rocAuc"]) == ("0.956", "missing: there are no probabilities")
    assert (
        facts(made.card, "Package")["bill of materials"] == "missing: sbom/sbom.cdx.json is not with its run in MLflow"
    )
    assert facts(made.card, "Releases") == {"history": "missing: no commit of a release names this version"}
    assert made.card.verdict == "It answers nobody"
    assert made.card.sound


def test_gates_stand_with_what_was_found(root: Path, registry: Registry, tmp_path: Path) -> None:
    """A gate's row has what was asked, the estimate, its bounds, the rows and the verdict."""
    versioned(registry, tmp_path, "")
    (section,) = (one for one in local(root).card.sections if one.title == "Validation")
    assert section.rows == (("accuracy at least 0.85", "0.956", "0.87 and -", "45", "passed"),)


def test_releases_are_told_from_git(root: Path, registry: Registry, tmp_path: Path) -> None:
    """Each commit of the version stands with who and what, its record is judged anew, the newest state says traffic."""
    run = versioned(registry, tmp_path, "")
    releases = Releases(root, registry)
    releases.served()
    digest = releases.judged(run)
    made = local(root)
    (section,) = (one for one in made.card.sections if one.title == "Releases")
    assert [(row[1], row[2].partition(":")[0], row[3]) for row in section.rows] == [
        ("staging", "Start the release of iris 1.0.0 in staging", "mlops-charts"),
        ("staging", "Go on with iris 1.0.0 in staging", "mlops-charts"),
        ("staging", "Advance iris 1.0.0 in staging", "mlops-charts"),
    ]
    assert [(row[5], row[6]) for row in section.rows] == [("", ""), ("", ""), (digest[7:19], "holds")]
    assert made.card.verdict == "It answers users: 50 % in staging (canary)"
    assert made.card.sound
    (kept,) = (name for name in made.files if name.startswith("evidence/"))
    assert f"sha256:{hashlib.sha256((made.folder / kept).read_bytes()).hexdigest()}" == digest


def test_a_record_that_was_changed_is_the_first_thing_a_card_says(
    root: Path, registry: Registry, tmp_path: Path, run: Run
) -> None:
    """One figure in one record, and the card and the exit status say so."""
    made = versioned(registry, tmp_path, "")
    releases = Releases(root, registry)
    releases.served()
    digest = releases.judged(made)
    content = evidence.read(registry, made, "staging", digest)
    assert content
    (tmp_path / Path(evidence.path_of("staging", digest)).name).write_bytes(content.replace(b"9000", b"9001"))
    registry.add(made, tmp_path / Path(evidence.path_of("staging", digest)).name, "releases/staging")
    done = run("card", "iris", "--local")
    assert done.returncode == 1
    assert (
        "iris 1.0.0: the records of 1 of its releases do not hold: the record of its evidence was changed"
        in done.stderr
    )


def test_a_rejected_version_says_so(root: Path, registry: Registry, tmp_path: Path) -> None:
    """Where and why it was rejected is the first thing that a card says."""
    run = versioned(registry, tmp_path, "")
    releases = Releases(root, registry)
    releases.served()
    for event in (Start(identity("1.0.0", run), POLICY), Ready(), RollBack("users complain")):
        releases.say(event)
    verdict = local(root).card.verdict
    assert verdict.startswith("It was rejected: in staging at 20")
    assert verdict.endswith("Z: users complain")


def test_an_approval_says_who(root: Path, registry: Registry, tmp_path: Path) -> None:
    """An approval is a commit, and its author has approved."""
    run = versioned(registry, tmp_path, "")
    releases = Releases(root, registry)
    releases.say(Start(identity("1.0.0", run), POLICY, approval=True))
    assert facts(local(root).card, "Approval") == {"asked for": "none: validation.approval is none"}
    releases.say(Approve("1.0.0"))
    assert facts(local(root).card, "Approval")["staging"].startswith("mlops-charts at 20")


def test_without_releases_nothing_is_claimed_about_traffic(root: Path, registry: Registry, tmp_path: Path) -> None:
    """A repository of releases that cannot be read makes traffic unknown, and not none."""
    versioned(registry, tmp_path, "")
    (root / ".mlops-charts/release.git/HEAD").unlink()
    made = local(root).card
    assert made.verdict == "Whether it answers anybody is not known here"
    assert {fact.name: fact.text for fact in made.chain}["traffic"] == ""


def test_a_run_without_artifacts_is_no_failure(root: Path, registry: Registry, tmp_path: Path) -> None:
    """Every part says by itself what it lacks."""
    versioned(registry, tmp_path, "f" * 40, report=False)
    made = local(root).card
    assert facts(made, "Validation") == {"report": "missing: report/report.json is not with its run in MLflow"}
    assert facts(made, "Training")["the commit says"] == "missing: this clone does not have the commit"


def test_versions_that_are_not_there(root: Path, registry: Registry, tmp_path: Path) -> None:
    """A model that was never run, or another version, is said in one line with what there is."""
    with pytest.raises(NotFound, match="iris has no version in MLflow"):
        local(root)
    versioned(registry, tmp_path, "")
    with pytest.raises(NotFound, match=r"iris has no version 3\.0\.0 in MLflow; the newest are 1\.0\.0"):
        local(root, "3.0.0")
    with pytest.raises(NotFound, match='no model "rose" in'):
        card(CardAsked("rose"))


def test_what_is_written_can_be_checked(root: Path, registry: Registry, tmp_path: Path) -> None:
    """SHA256SUMS covers every file of the folder, and the same facts give the same bytes."""
    versioned(registry, tmp_path, "")
    made = local(root)
    sums = dict(reversed(line.split("  ")) for line in (made.folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) | {"SHA256SUMS"} == set(made.files)
    for name, digest in sums.items():
        assert hashlib.sha256((made.folder / name).read_bytes()).hexdigest() == digest
    before = {name: (made.folder / name).read_bytes() for name in made.files}
    assert {name: (made.folder / name).read_bytes() for name in local(root).files} == before


def test_the_command(run: Run, root: Path, registry: Registry, tmp_path: Path) -> None:
    """It prints the files on stdout and says the rest on stderr; without a version it ends with 1, in one line."""
    done = run("card", "iris", "--local")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    versioned(registry, tmp_path, "")
    done = run("card", "iris", "--local", "--output", str(tmp_path / "audit"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [str(tmp_path / "audit/card.md"), str(tmp_path / "audit/card.html")]
    assert "iris 1.0.0: it answers nobody" in done.stderr
    assert run("card", "--nonsense").returncode == 2


def test_the_page_and_the_help_name_the_same_statuses(run: Run) -> None:
    """Each has all of them, and says of each what the other does."""
    page = (Path(__file__).parent.parent / "docs/card.md").read_text(encoding="utf-8")
    said = [text.partition("Exit status:")[2] for text in (page, run("card", "--help").stdout)]
    assert [re.findall(r"\b[0-9]\b", text) for text in said] == [["0", "1", "2", "3"]] * 2
    assert ["3 MLflow cannot be reached. Where git" in " ".join(text.split()) for text in said] == [True, True]


class Tags(HTMLParser):
    """What of a page would ask for something else, or was not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asks: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag that opens."""
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.asks += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        """Take note of a tag that closes."""
        assert self.open.pop() == tag


def evil() -> Card:
    text = "<script>alert(1)</script> | `x` *y*\n# z"
    return Card("m", "1.0.0", text, "now", text, sound=False, chain=(Fact("a", text, code=True), Fact("b", "", text)),
               sections=(Section(text, (Fact(text, text),), ("h", "i"), ((text, "passed"),), text),))  # fmt: skip


def test_text_of_users_stays_text() -> None:
    """Neither page runs or asks for anything, and what a user wrote makes no heading, cell or tag."""
    made = evil()
    page, text = html(made), markdown(made)
    tags = Tags(page)
    assert (tags.open, tags.asks) == ([], [])
    assert "<script" not in page
    assert not [line for line in text.splitlines() if line.startswith("# ") and "m 1.0.0" not in line]
    (row,) = (line for line in text.splitlines() if line.endswith("| passed |"))
    assert row.count("|") - row.count("\\|") == 3


def test_what_is_missing_is_listed_once_more(root: Path, registry: Registry, tmp_path: Path) -> None:
    """The end of a card is the list of all that nobody has written down."""
    versioned(registry, tmp_path, "")
    made = local(root)
    text = (made.folder / "card.md").read_text()
    assert text.partition("## What is missing\n\n")[2].splitlines() == [
        f"- {line}".replace("_", "\\_") for line in made.card.missing
    ]
    assert "lineage: git commit: its version in MLflow names no commit" in made.card.missing
    assert json.loads((made.folder / "run/report/report.json").read_text())["verdict"] == "passed"
