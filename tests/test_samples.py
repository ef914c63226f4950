"""The sample models: rows that follow from the seed, gates that good models reach and idle ones do not."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repositories import ROOT
from samples import NAMES, Trained, call_of, context, install_requirements, trained

import mlops_charts
from mlops_charts.problems import has_errors
from mlops_charts.saved_model import Answers
from mlops_charts.steps.data import data_digest
from mlops_charts.steps.fitting import answers_of, fit
from mlops_charts.steps.judging.gates import few_rows, judge_gate
from mlops_charts.steps.sources import source_of
from mlops_charts.steps.user_code import load_function

MADE = tuple(name for name in NAMES if (ROOT / "model" / name / "data.py").exists())


class Samples:
    """Samples, each trained when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "packages"
        self.get = cache(self._get)

    def need(self, name: str) -> None:
        """Make the packages importable that a sample asks for beyond the runtime's; skip where there is no index."""
        if name != "sentiment" or str(self.packages) in sys.path:
            return
        lacking = install_requirements(self.packages)
        if lacking:
            pytest.skip(f"its requirements cannot be installed here: {lacking}")
        sys.path.append(str(self.packages))

    def _get(self, name: str) -> Trained:
        self.need(name)
        return trained(name, self.folder / name)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The samples, trained at most once; whatever their code does to imports is undone at the end."""
    path, modules, bytecode = [*sys.path], {*sys.modules}, sys.dont_write_bytecode
    made = Samples(tmp_path_factory.mktemp("samples"))
    yield made
    sys.path[:] = path
    sys.dont_write_bytecode = bytecode
    for name in {*sys.modules} - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(made.folder)):
            del sys.modules[name]


def test_there_are_five() -> None:
    """The samples are those that the documentation describes."""
    text = (ROOT / "docs/samples.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\.\./model/\1/model\.yaml\)", text, re.MULTILINE) == [
        "iris", "digits", "signals", "recommender", "sentiment",
    ]  # fmt: skip
    assert NAMES == ("digits", "iris", "recommender", "sentiment", "signals")


@pytest.mark.parametrize("name", NAMES)
def test_sample_has_no_error(name: str) -> None:
    """A sample and its charts have no problem but tags without digests, which only an operator can pin."""
    found = mlops_charts.validate(mlops_charts.load(ROOT / "model" / name))
    assert not has_errors(found.problems)
    assert {problem.code for problem in found.problems} <= {"image-no-digest"}


@pytest.mark.parametrize("name", MADE)
def test_rows_follow_from_the_seed(name: str, tmp_path: Path) -> None:
    """The same seed gives the same rows, whatever was drawn before; another one gives others."""
    call = call_of(name, tmp_path)
    first = source_of(call).read()
    np.random.default_rng().normal(size=3)
    assert first.equals(source_of(call).read())
    assert not first.equals(load_function(call.source, "data.py:make")(call.spec.model.training.seed + 1))
    assert data_digest(call) == data_digest(call)


@pytest.mark.parametrize("name", NAMES)
def test_gates_are_reached(name: str, samples: Samples) -> None:
    """What is saved passes every gate on enough rows it never saw."""
    one = samples.get(name)
    validation = one.call.spec.model.validation
    judged = [gate for gate in validation.gates if gate.metric != "latencyP99Seconds"]  # of a machine, not of rows
    subject = one.subject()
    verdicts = [judge_gate(gate, subject, validation.min_rows) for gate in judged]
    assert [failure for verdict in verdicts for failure in verdict.failures] == []
    assert few_rows(len(one.rows.test.y), validation.min_rows) == ()


def _idle(one: Trained) -> Answers:
    """Return the answers of somebody who learnt nothing: the most frequent class, or the order by one column."""
    test = one.rows.test
    if one.call.spec.model.training.task == "ranking":
        return Answers(test.X["popularity"].to_numpy())
    classes = one.model.signature.classes
    shares = one.rows.train.y.astype(str).value_counts(normalize=True)[list(classes)].to_numpy()
    labels = np.full(len(test.y), one.rows.train.y.mode()[0])
    return Answers(labels, np.tile(shares, (len(test.y), 1)) if one.model.signature.probabilities else None)


@pytest.mark.parametrize("name", NAMES)
def test_gates_stop_who_learnt_nothing(name: str, samples: Samples) -> None:
    """What is had for nothing fails the first gate."""
    one = samples.get(name)
    validation = one.call.spec.model.validation
    assert not judge_gate(validation.gates[0], one.subject(_idle(one)), validation.min_rows).passed


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_agrees(name: str, samples: Samples) -> None:
    """All are stored as ONNX, and each agrees with what was trained."""
    one = samples.get(name)
    assert one.model.signature.format == "onnx"
    assert (one.kept.differing, one.kept.difference < 1e-5) == (0, True)


@pytest.mark.parametrize("name", NAMES)
def test_training_repeats(name: str, samples: Samples) -> None:
    """The same rows and seed give the same model."""
    one = samples.get(name)
    some = one.rows.train.take(slice(600))
    told = context(one.call, name, **({"steps": 20} if name == "sentiment" else {}))
    first, second = fit(one.call, some, told), fit(one.call, some, told)
    if name == "sentiment":
        assert first.SerializeToString() == second.SerializeToString()
    else:
        assert (first.predict(some.X) == second.predict(some.X)).all()


# --- signals ---
def test_metrics_of_signals(samples: Samples) -> None:
    """A right trade earns one less its cost, a wrong one loses one and its cost, and none earns nothing."""
    one = samples.get("signals")
    compute = load_function(one.call.source, "metrics.py:compute")
    found = compute(["buy", "sell", "hold", "buy"], ["buy", "buy", "sell", "hold"], context(one.call, "signals"))
    assert found == {"hitValue": pytest.approx((1 - 1 + 0 - 3 * 0.05) / 4), "tradeShare": 0.75}


# --- sentiment ---
def _opposites(samples: Samples) -> tuple[Any, Any]:
    """Return pairs of sentences with the same words and opposite meanings, and whether each praises."""
    grammar = vars(sys.modules[load_function(samples.get("sentiment").call.source, "data.py:make").__module__])
    pairs = [
        (f"the soup was not {bad} and the room was {good} .", f"the soup was {bad} and the room was not {good} .")
        for good, bad in itertools.product(grammar["GOOD"], grammar["BAD"])
    ]
    return np.array(pairs, dtype=object).ravel(), np.tile([True, False], len(pairs))


def test_attention_sees_what_is_denied(samples: Samples) -> None:
    """Attention tells nine in ten sentences with the same words and opposite meanings apart, counting words none."""
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 - 0.5 s
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    one = samples.get("sentiment")
    sentences, praise = _opposites(samples)
    attention = one.model.answer({"text": sentences}).labels == "positive"
    counting = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=500)).fit(
        one.rows.train.X["text"], one.rows.train.y
    )
    counted = counting.predict(sentences) == "positive"
    assert (attention == praise).mean() > 0.9
    assert (counted == praise).mean() == 0.5
    assert (counting.predict(one.rows.test.X["text"]) == one.rows.test.y).mean() < 0.6


def test_both_forms_of_the_network_agree(samples: Samples) -> None:
    """What trained in numpy and what serves as ONNX give the same probabilities, also for words nobody knew."""
    import onnx  # noqa: PLC0415 - 0.3 s

    one = samples.get("sentiment")
    stored = onnx.load(one.folder / "model.onnx")
    weights = {item.name: onnx.numpy_helper.to_array(item).astype(float) for item in stored.graph.initializer}
    vocabulary = json.loads({note.key: note.value for note in stored.metadata_props}["vocabulary"])
    sentences = np.array(["the porter was never rude !", "quite unheard of", "", "not bad " * 40], dtype=object)
    tokens = load_function(one.call.source, "words.py:tokens_of")(sentences, vocabulary)
    expected = load_function(one.call.source, "attention.py:probabilities")(weights, tokens)
    assert one.model.answer({"text": sentences}).probabilities == pytest.approx(expected, abs=1e-5)


# --- all ---
def test_answers_have_the_form_of_the_task(samples: Samples) -> None:
    """A classification gives a probability for each class, a ranking a score for each row."""
    for name in ("digits", "recommender", "signals"):
        one = samples.get(name)
        some = one.rows.test.take(slice(5))
        found = answers_of(one.model, some)
        classes = len(one.model.signature.classes)
        assert (len(found.labels), np.shape(found.probabilities)) == (5, (5, classes) if classes else ())


def test_every_file_is_checked() -> None:
    """Ruff looks at every Python file of the samples, by the rules of all others but for annotations and names."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "model"],
        cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "RUFF_NO_CACHE": "true"},
    )  # fmt: skip
    shown = {Path(line).relative_to(ROOT) for line in done.stdout.splitlines()}
    assert shown == {path.relative_to(ROOT) for path in (ROOT / "model").rglob("*.py")}
