"""trial and search: points are tried once, failures are kept, and the best is handed on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow_store
import pytest

from mlops_charts.spec.training import Search, SpaceRange
from mlops_charts.steps import search, train, trial
from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.data import divided
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.trial import TAG_OUTCOME, TrialResult

FILES = {"train.py": b"def train(X, y, context): ...\n", "metrics.py": b"def compute(truth, answers, context): ...\n"}
CODE = """
import json
from pathlib import Path
from sklearn.tree import DecisionTreeClassifier


def train(X, y, context):
    with Path(__file__).with_name("seen.jsonl").open("a") as file:
        file.write(json.dumps([X.iloc[:, 0].tolist(), dict(context.params)]) + "\\n")
    if context.params["max_depth"] == 3:
        raise ValueError("three is no depth")
    return DecisionTreeClassifier(random_state=context.seed, **context.params).fit(X, y)
"""
SPACE = {
    "max_depth": {"int": [1, 4]},
    "criterion": {"choice": ["gini", "entropy"]},
    "ccp_alpha": {"logFloat": [1e-6, 1e-3]},
}


class Searching:
    """A search below a run that guard has opened; each call has a folder of its own."""

    def __init__(self, tmp_path: Path, code: str = CODE, **asked: Any) -> None:
        self.tmp_path, self.code = tmp_path, code
        given = {"trials": 8, "parallel": 2, "metric": "accuracy", "space": SPACE, **asked.pop("search", {})}
        training = {"data": {"uri": "sklearn://iris", "split": {"by": "stratified"}}, "search": given}
        training |= {"params": {"splitter": "best"}}
        model = {"metadata": {"name": "iris"}, "training": training | asked.pop("training", {}), **asked}
        self.spec = mlflow_store.spec(model, files=FILES)
        self.run_id = open_registry(self.call("guard")).open("c0de", "da7a", "abc", "commit").id

    def call(self, name: str, **parameters: str) -> Call:
        """Return a call with the search's own source."""
        files = {**FILES, "train.py": self.code.encode()}
        return mlflow_store.call(self.tmp_path, self.spec, files=files, name=name, **parameters)

    def trial(self, index: int, name: str = "") -> TrialResult:
        """Run a trial."""
        return trial.run(self.call(name or f"trial-{index}", run_id=self.run_id, index=str(index)))

    def trials(self) -> list[TrialResult]:
        """Run all trials."""
        return [self.trial(i) for i in range(self.search.trials)]

    def choose(self) -> search.SearchResult:
        """Run the step search."""
        return search.run(self.call("search", run_id=self.run_id))

    @property
    def search(self) -> Search:
        """What was asked."""
        found = self.spec.model.training.search
        assert found is not None
        return found

    @property
    def registry(self) -> Registry:
        """Where runs are."""
        return open_registry(self.call("guard"))

    def seen(self, name: str) -> list[Any]:
        """Return what the entrypoint was given in a call."""
        path = self.tmp_path / name / "inputs" / "source" / "seen.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_search(tmp_path: Path) -> None:
    """Failed trials end nothing; the best is handed on to train, with plots beside it in MLflow."""
    one = Searching(tmp_path)
    tried = one.trials()
    failed = [result for result in tried if result.failed]
    assert {result.params["max_depth"] for result in failed} == {3}
    assert failed[0].failed.startswith("train.py:train raised ValueError: three is no depth")
    chosen = one.choose()
    values = [result.value for result in tried if result.value is not None]
    assert (chosen.value, chosen.trials, chosen.failed) == (max(values), 8, len(failed))
    assert chosen.index == min(result.index for result in tried if result.value == chosen.value)
    kept = one.registry.get(one.run_id, search.PLOTS, tmp_path / "kept")
    assert kept is not None
    names = sorted(path.name for path in kept.iterdir())
    assert names == [
        "objective.png", "param-0-ccp_alpha.png", "param-1-criterion.png", "param-2-max_depth.png", "params.json"
    ]  # fmt: skip
    assert all((kept / name).read_bytes().startswith(b"\x89PNG") for name in names[:-1])
    call = one.call("train", run_id=one.run_id)
    (one.call("search").outputs / "params").rename(call.inputs / "params")
    assert train.run(call).params == {"splitter": "best", **chosen.params}


def test_a_trial_is_a_nested_run(tmp_path: Path) -> None:
    """MLflow has each trial below the run, with its point and its figure, ended as it ended."""
    one = Searching(tmp_path)
    result = one.trial(0)
    (child,) = one.registry.children(one.run_id)
    assert child.params == {name: json.dumps(value) for name, value in result.params.items()}
    assert child.metrics["accuracy"] == result.value
    status = one.registry.connection.ask(lambda client: client.get_run(child.id)).info.status
    assert status == "FINISHED"


def test_test_rows_stay_unseen(tmp_path: Path) -> None:
    """A trial learns from and is compared by training rows alone, the same ones in every trial."""
    one = Searching(tmp_path)
    one.trial(0)
    parts = divided(one.call("trial-0"))
    ((seen, _),) = one.seen("trial-0")
    learn, compare = trial.held_out(parts.train, one.call("trial-0"))
    assert seen == learn.X.iloc[:, 0].tolist()
    assert len(learn.X) + len(compare.X) == len(parts.train.X) == 120
    assert set(compare.y) == set(parts.train.y)


def test_a_trial_that_ended_is_not_run_again(tmp_path: Path) -> None:
    """A trial that ended, well or not, answers from MLflow; one that was killed is run again."""
    one = Searching(tmp_path)
    first = one.trial(0)
    assert one.trial(0, "again") == first
    assert one.seen("again") == []
    (child,) = one.registry.children(one.run_id)
    one.registry.tag(child.id, TAG_OUTCOME, "")  # as it is until the trial has ended
    assert one.trial(0, "after").value == first.value
    assert len(one.seen("after")) == 1
    assert len(one.registry.children(one.run_id)) == 1


def test_a_search_waits_for_all_trials(tmp_path: Path) -> None:
    """A search does not choose among some of the trials, because then it would depend on which had ended."""
    one = Searching(tmp_path)
    one.trial(1)
    with pytest.raises(Unavailable, match="7 of 8 trials have not ended: 0, 2, 3, 4, 5, 6, 7"):
        one.choose()


def test_all_trials_failed(tmp_path: Path) -> None:
    """A search in which nothing worked is the user's; the message has what the first trial said."""
    one = Searching(tmp_path, "def train(X, y, context): return 1 / 0\n", search={"trials": 2})
    one.trials()
    with pytest.raises(Refused) as caught:
        one.choose()
    lines = str(caught.value).splitlines()
    assert lines[0] == "all 2 trials failed; the first said: train.py:train raised ZeroDivisionError: division by zero"
    assert list(one.call("search").outputs.iterdir()) == []


def test_out_of_memory_fails_no_trial(tmp_path: Path) -> None:
    """A trial that ran out of memory is tried again with more, so it has no outcome."""
    one = Searching(tmp_path, "def train(X, y, context): raise MemoryError\n")
    with pytest.raises(MemoryError):
        one.trial(0)
    assert TAG_OUTCOME not in one.registry.children(one.run_id)[0].tags


def test_a_metric_of_ones_own(tmp_path: Path) -> None:
    """A search may look for a metric that the model's own code computes."""
    compute = b"def compute(truth, answers, context): return {'cost': float((truth != answers).sum()) + 100}\n"
    one = Searching(
        tmp_path,
        search={"metric": "cost", "direction": "minimize", "trials": 2},
        validation={"metrics": "metrics.py:compute"},
    )
    call = one.call("own", run_id=one.run_id, index="0")
    (call.source / "metrics.py").write_bytes(compute)
    result = trial.run(call)
    assert result.value is not None
    assert 100 <= result.value < 124


def test_latency_as_a_metric(tmp_path: Path) -> None:
    """A search may look for the fastest model."""
    one = Searching(tmp_path, search={"metric": "latencyP99Seconds", "direction": "minimize", "trials": 1})
    result = one.trial(0)
    assert result.value is not None
    assert 0 < result.value < 1


def result_of(index: int, value: float | None) -> TrialResult:
    """Return what a trial says."""
    return TrialResult(index=index, params={"depth": index}, metric="mae", value=value, failed="" if value else "x")


@pytest.mark.parametrize(
    ("direction", "values", "expected"),
    [
        ("maximize", [0.5, 0.9, None, 0.9], 1),
        ("minimize", [0.5, 0.2, 0.2, None], 1),
        ("minimize", [None, 3.0], 1),
        ("maximize", [-2.0, -1.0], 1),
    ],
)
def test_the_best(direction: Any, values: list[float | None], expected: int) -> None:
    """The direction decides; of trials alike the first is taken, in whatever order they are read."""
    asked = Search(metric="mae", direction=direction, space={"depth": SpaceRange(int=(0, 9))})
    trials = [result_of(i, value) for i, value in enumerate(values)]
    assert search.best(trials, asked).index == search.best(trials[::-1], asked).index == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"index": "8"}, '--index is "8", expected a whole number from 0 to 7'),
        ({"index": "-1"}, '--index is "-1", expected a whole number from 0 to 7'),
        ({"index": ""}, '--index is "", expected a whole number from 0 to 7'),
        ({"index": "0", "run_id": ""}, "--run-id is missing: trials are kept below the run that guard opens"),
    ],
)
def test_trials_that_are_none(tmp_path: Path, parameters: dict[str, str], expected: str) -> None:
    """A trial outside the search is refused."""
    one = Searching(tmp_path)
    with pytest.raises(Refused) as caught:
        trial.run(one.call("none", **{"run_id": one.run_id, **parameters}))
    assert str(caught.value) == expected
