"""A trainer that returns another shape is told which one is wanted, and which one came."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from own_trainers import returned

from study.messages import RunDone, RunFailed

WHOLE = '{"scores": {task: number}, ...}'
SCORES, METRICS, EXAMPLES = (
    "scores must be {task: number}",
    "metrics must be {task: {name: number}}",
    "examples must be {",
)


@pytest.mark.parametrize(
    ("result", "wanted", "came"),
    [
        (None, WHOLE, "got None"),
        (0.5, WHOLE, "got 0.5 (float)"),
        ("done", WHOLE, "got 'done' (str)"),
        ([("t", 0.5)], WHOLE, "got a list of 1 (tuple)"),
        (({"t": 0.5}, {"t": [1, 0]}), WHOLE, "got a tuple of 2 (dict)"),
        (pd.DataFrame({"a": [1, 2]}), WHOLE, "got a DataFrame of shape (2, 1)"),
        (torch.zeros(3), WHOLE, "got a Tensor of shape (3,)"),
        (np.float64(0.5), WHOLE, "(float64)"),
        (SimpleNamespace(scores={"t": 0.5}), WHOLE, "namespace"),
        ({}, WHOLE, "got an empty dictionary"),
        ({"accuracy": 0.5}, WHOLE, "'accuracy'"),
        ({"score": {"t": 0.5}}, WHOLE, "got {'score': dict}"),
        ({"scores": {"t": 0.5}, "loss": 1}, "known are scores, examples, metrics, costs", "'loss'"),
        ({"scores": 0.5}, SCORES, "got 0.5 (float)"),
        ({"scores": [0.5, 0.25]}, SCORES, "got a list of 2 (float)"),
        ({"scores": [("t", 0.5)]}, SCORES, "got a list of 1 (tuple)"),
        ({"scores": None}, SCORES, "got None"),
        ({"scores": {}}, SCORES, "got none"),
        ({"scores": {"t": {"acc": 0.5}}}, "scores['t'] must be a number", "got {'acc': float}"),
        ({"scores": {"t": [0.5]}}, "scores['t'] must be a number", "got a list of 1 (float)"),
        ({"scores": {"t": None}}, "scores['t'] must be a number", "got None"),
        ({"scores": {"t": 0.5}, "metrics": {"loss": 0.4}}, METRICS, "got {'loss': float}"),
        ({"scores": {"t": 0.5}, "metrics": {"loss": np.float32(0.4)}}, METRICS, "got {'loss': float32}"),
        ({"scores": {"t": 0.5}, "metrics": {"t": [("f1", 0.4)]}}, METRICS, "got {'t': list}"),
        ({"scores": {"t": 0.5}, "metrics": {"t": None}}, METRICS, "got {'t': NoneType}"),
        ({"scores": {"t": 0.5}, "metrics": [0.4]}, METRICS, "got a list of 1 (float)"),
        ({"scores": {"t": 0.5}, "metrics": {"t": {"f1": [0.4]}}}, "metrics['t']['f1'] must be a number", "got a list"),
        ({"scores": {"t": 0.5}, "metrics": {"t": {"score": 0.4}}}, "metrics['t']", "'score'"),
        ({"scores": {"t": 0.5}, "examples": [1, 0]}, EXAMPLES, "got a list of 2 (int)"),
        ({"scores": {"t": 0.5}, "examples": np.array([1, 0])}, EXAMPLES, "got a ndarray of shape (2,)"),
        ({"scores": {"t": 0.5}, "examples": {"u": [1, 0]}}, "which is not in scores: t", "'u'"),
        ({"scores": {"t": 0.5}, "costs": 12}, "costs must be {name: number}", "got 12 (int)"),
        ({"scores": {"t": 0.5}, "costs": {"flops": "many"}}, "costs['flops'] must be a number", "got 'many' (str)"),
        ({"scores": {"t": 0.5}, "costs": {"flops": {"train": 1}}}, "costs['flops'] must be a number", "{'train': int}"),
        ({"scores": {"t": 0.5}, 3: 4}, "known are scores", "'3'"),
    ],
)
def test_the_message_names_the_shape_that_is_wanted_and_the_one_that_came(result: Any, wanted: str, came: str) -> None:
    failed = returned(result)
    assert isinstance(failed, RunFailed) and failed.reason == "error"
    assert wanted in failed.detail and came in failed.detail and failed.detail.startswith("BadResult: ")


@pytest.mark.parametrize(
    "result",
    [
        {"scores": {"t": 0.5}, "examples": None, "metrics": None, "costs": None},
        {"scores": {"t": 0.5}, "examples": {}, "metrics": {"t": {}}, "costs": {}},
        {"scores": pd.Series({"t": 0.5}), "metrics": pd.DataFrame({"t": {"f1": 0.5}}).to_dict()},
        {"scores": {"t": 0.5}, "metrics": {"t": pd.Series({"f1": 0.5})}, "costs": pd.Series({"flops": 3.0})},
    ],
)
def test_what_can_be_read_is_taken(result: Any) -> None:
    assert isinstance(returned(result), RunDone)
