"""Metrics against scikit-learn, and what they say where they do not exist."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mlops_charts.contract import TASK_METRICS
from mlops_charts.saved_model import Answers
from mlops_charts.steps.judging.metrics import compute_metrics, metric_value
from mlops_charts.steps.judging.sample import Undefined

RNG = np.random.default_rng(7)
NAMES = ("ant", "bee", "cat")


def _answers(size: int, rng: Any = RNG) -> tuple[Any, Answers]:
    truth = rng.integers(size, size=200)
    noisy = rng.dirichlet(np.ones(size), size=200) + 0.6 * np.eye(size)[truth]
    probabilities = noisy / noisy.sum(axis=1, keepdims=True)
    names = np.array(NAMES)
    return names[truth], Answers(names[probabilities.argmax(axis=1)], probabilities)


def test_three_classes_equal_scikit_learn() -> None:
    """Without a class, metrics of more than two classes are the plain mean over all."""
    truth, answers = _answers(3)
    said, shares = answers.labels, answers.probabilities
    expected = {
        "accuracy": sk.accuracy_score(truth, said),
        "balancedAccuracy": sk.balanced_accuracy_score(truth, said),
        "precision": sk.precision_score(truth, said, average="macro"),
        "recall": sk.recall_score(truth, said, average="macro"),
        "specificity": np.mean([sk.recall_score(truth != name, said != name) for name in NAMES]),
        "f1": sk.f1_score(truth, said, average="macro"),
        "rocAuc": sk.roc_auc_score(truth, shares, multi_class="ovr"),
        "logLoss": sk.log_loss(truth, shares),
        "brier": sk.brier_score_loss(truth, shares, labels=NAMES),
    }
    assert compute_metrics("classification", truth, answers, NAMES) == pytest.approx(expected)


def test_two_classes_equal_scikit_learn() -> None:
    """Of two classes, metrics are those of the second."""
    truth, answers = _answers(2)
    said, share = answers.labels, answers.probabilities[:, 1]
    expected = {
        "accuracy": sk.accuracy_score(truth, said),
        "balancedAccuracy": sk.balanced_accuracy_score(truth, said),
        "precision": sk.precision_score(truth, said, pos_label="bee"),
        "recall": sk.recall_score(truth, said, pos_label="bee"),
        "specificity": sk.recall_score(truth, said, pos_label="ant"),
        "f1": sk.f1_score(truth, said, pos_label="bee"),
        "rocAuc": sk.roc_auc_score(truth, share),
        "logLoss": sk.log_loss(truth, share),
        "brier": sk.brier_score_loss(truth, share, pos_label="bee"),
    }
    assert compute_metrics("classification", truth, answers, NAMES[:2]) == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_one_class_equals_scikit_learn(name: str) -> None:
    """A metric of one class is that of the class against the rest."""
    truth, answers = _answers(3)
    is_it, said = truth == name, answers.labels == name
    expected = {
        "precision": sk.precision_score(is_it, said),
        "recall": sk.recall_score(is_it, said),
        "specificity": sk.recall_score(~is_it, ~said),
        "f1": sk.f1_score(is_it, said),
        "rocAuc": sk.roc_auc_score(is_it, answers.probabilities[:, NAMES.index(name)]),
    }
    found = {m: metric_value(m, "classification", truth, answers, NAMES, cls=name) for m in expected}
    assert found == pytest.approx(expected)


def test_regression_equals_scikit_learn() -> None:
    """Every metric of a regression is scikit-learn's."""
    truth = RNG.normal(10, 2, size=100)
    said = truth + RNG.normal(size=100)
    expected = {
        "mae": sk.mean_absolute_error(truth, said),
        "rmse": sk.root_mean_squared_error(truth, said),
        "mape": sk.mean_absolute_percentage_error(truth, said),
        "r2": sk.r2_score(truth, said),
        "medianAbsoluteError": sk.median_absolute_error(truth, said),
        "maxError": sk.max_error(truth, said),
    }
    assert compute_metrics("regression", truth, Answers(said)) == pytest.approx(expected)


def test_ranking_by_hand() -> None:
    """Each list counts alike, one with nothing relevant is left out, and equal scores earn nothing."""
    groups = ["a"] * 3 + ["b"] * 2 + ["c"] * 2
    truth = [0, 2, 1, 1, 0, 0, 0]
    scores = [3.0, 2.0, 1.0, 5.0, 5.0, 1.0, 2.0]
    found = compute_metrics("ranking", truth, Answers(np.array(scores)), groups=groups)
    first = sk.ndcg_score([[0, 2, 1]], [[3, 2, 1]])
    second = sk.ndcg_score([[1, 0]], [[5, 5]])
    expected = {
        "ndcg": (first + second) / 2,
        "map": ((1 / 2 + 2 / 3) / 2 + 1 / 2) / 2,
        "mrr": (1 / 2 + 1 / 2) / 2,
        "hitRate": 1.0,
    }
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "classes", "kind"),
    [
        ([0, 1, 1], ("0", "1"), int),
        ([False, True, True], ("False", "True"), bool),
        ([False, True, True], ("false", "true"), bool),
        (["no", "yes", "yes"], ("no", "yes"), str),
        (["False", "True", "True"], ("False", "True"), str),
    ],
)
def test_labels_of_every_type(truth: list[Any], classes: tuple[str, ...], kind: type) -> None:
    """Labels are compared as what they mean, whatever type the data, the answers and the signature write them in."""
    answers = Answers(np.array(truth, dtype=kind if kind is not str else object))
    assert metric_value("recall", "classification", truth, answers, classes) == 1.0
    assert metric_value("recall", "classification", truth, answers, classes, cls=classes[0]) == 1.0


@pytest.mark.parametrize(
    ("metric", "truth", "said", "cls", "reason"),
    [
        ("recall", ["ant", "ant"], ["ant", "bee"], "bee", 'none of these 2 rows is "bee"'),
        ("specificity", ["ant", "ant"], ["ant", "bee"], "ant", 'each of these 2 rows is "ant"'),
        ("rocAuc", ["ant", "bee"], ["ant", "bee"], None, "the model gives none"),
        ("recall", ["ant", "bee"], ["ant", "bee"], "cow", "the classes are ant, bee"),
        ("balancedAccuracy", ["ant", "ant"], ["ant", "ant"], None, 'none of these 2 rows is "bee"'),
        ("mae", ["ant", "bee"], ["ant", "bee"], None, "no metric that answers alone give"),
    ],
)
def test_undefined_in_classification(metric: str, truth: list[str], said: list[str], cls: str, reason: str) -> None:
    """A metric that does not exist on the rows says why; it is never a number."""
    with pytest.raises(Undefined, match=reason):
        metric_value(metric, "classification", truth, Answers(np.array(said)), ("ant", "bee"), cls=cls)


def test_undefined_in_other_tasks() -> None:
    """The same of regression and ranking."""
    with pytest.raises(Undefined, match="it is 0 in 1 of 2 rows"):
        metric_value("mape", "regression", [0.0, 1.0], Answers(np.array([1.0, 1.0])))
    with pytest.raises(Undefined, match="the same in all 2 rows"):
        metric_value("r2", "regression", [1.0, 1.0], Answers(np.array([1.0, 2.0])))
    with pytest.raises(Undefined, match="nothing says which rows are one list"):
        metric_value("ndcg", "ranking", [0, 1], Answers(np.array([1.0, 2.0])))
    with pytest.raises(Undefined, match="nothing is relevant in any of the 1 lists"):
        metric_value("mrr", "ranking", [0, 0], Answers(np.array([1.0, 2.0])), groups=["a", "a"])


def test_answers_that_are_no_numbers() -> None:
    """NaN is told with how often it came, and no metric is taken."""
    from mlops_charts.steps.call import Refused  # noqa: PLC0415 - beside its one use

    with pytest.raises(Refused, match="missing or infinite in 1 of 2 test rows"):
        compute_metrics("regression", [1.0, 2.0], Answers(np.array([1.0, np.nan])))
    with pytest.raises(Refused, match="gave 1 answers to 2 rows"):
        compute_metrics("regression", [1.0, 2.0], Answers(np.array([1.0])))


def test_a_class_that_training_never_saw() -> None:
    """A row of a class that the model does not know is wrong, and its recall is 0."""
    answers = Answers(np.array(["ant", "bee", "ant"]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    found = compute_metrics("classification", ["ant", "bee", "cow"], answers, ("ant", "bee"))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)


def test_a_class_that_is_never_answered() -> None:
    """A class that rows have and the model never answers has precision 0, as in scikit-learn."""
    answers = Answers(np.array(["ant", "ant"]))
    assert metric_value("precision", "classification", ["ant", "bee"], answers, ("ant", "bee"), cls="bee") == 0.0


def test_custom_tasks_have_no_metric_of_ours() -> None:
    """What a custom task is judged by comes from the model's own metrics."""
    assert compute_metrics("custom", ["x"], Answers(np.array(["x"]))) == {}
    assert TASK_METRICS["custom"] == ("latencyP99Seconds",)
