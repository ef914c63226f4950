"""Feedback: what is read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_charts.serving.declined import Declined
from mlops_charts.serving.feedback import Feedback, read

ANSWERED = {"meta": {"puid": "p1"}, "data": {"ndarray": [[1]]}}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"reward": 1}, Feedback(1.0)),
        ({"reward": 0.5, "request": {}, "response": ANSWERED}, Feedback(0.5, "p1")),
        ({"reward": 0, "request": ANSWERED, "response": {"meta": {}}}, Feedback(0.0, "p1")),
        ({"truth": {"data": {"ndarray": ["a", "b"]}}}, Feedback(0.0, "", ["a", "b"])),
        ({"truth": {"data": {"ndarray": [[1, 0], [0, 1]]}}}, Feedback(0.0, "", [[1, 0], [0, 1]])),
        ({"truth": {"data": {"tensor": {"shape": [2, 1], "values": [1, 2]}}}}, Feedback(0.0, "", [1, 2])),
        ({"reward": 1, "truth": None, "request": None}, Feedback(1.0)),
        ({"reward": 1, "truth": {}}, Feedback(1.0)),
    ],
)
def test_reward_id_and_truth_are_read(asked: Any, expected: Feedback) -> None:
    """The id is that of the response, else of the request."""
    assert read(asked) == expected


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "feedback: an object with reward or truth was expected"),
        ({}, "feedback: an object with reward or truth was expected"),
        ({"reward": "1"}, 'reward: a number from 0 to 1000000 was expected, found the text "1"'),
        ({"reward": True}, "reward: a number from 0 to 1000000 was expected, found true"),
        ({"reward": None}, "reward: a number from 0 to 1000000 was expected, found null"),
        ({"reward": -1}, "reward: a number from 0 to 1000000 was expected, found -1"),
        ({"reward": float("nan")}, "reward: a number from 0 to 1000000 was expected, found "),
        ({"reward": 10**400}, "reward: a number from 0 to 1000000 was expected, found "),
        ({"reward": 1, "request": 3}, "request: an object was expected, found 3"),
        ({"reward": 1, "truth": []}, "truth: an object was expected, found a list"),
        ({"truth": {"data": {}}}, "truth.data: an object with ndarray or tensor was expected"),
        ({"truth": {"data": {"ndarray": [[[1]]]}}}, "truth.data: a value, or a list of values, for each row"),
        ({"truth": {"data": {"ndarray": [1] * 10_001}}}, "truth.data: at most 10000 values were expected, found 10001"),
    ],
)
def test_what_is_wrong_is_said(asked: Any, message: str) -> None:
    """A sum of rewards only rises, so rewards are limited; truth is a value for each row."""
    with pytest.raises(Declined) as raised:
        read(asked)

    assert (raised.value.status, raised.value.message[: len(message)]) == (400, message)
