"""The scores of single examples belong to the task's score: their mean is that score, or the run fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from own_trainers import returned

from study.messages import RunDone, RunFailed

RIGHT = np.array([True, True, False] * 67)  # the mean is 0.66667


@pytest.mark.parametrize(
    "score",
    [RIGHT.mean(), 2 / 3, 0.666667, 0.66667, 0.6667, 0.667, RIGHT.mean(dtype=np.float16), RIGHT.mean(dtype=np.float32),
     torch.tensor(RIGHT).bfloat16().mean()],
)  # fmt: skip
def test_a_score_may_be_rounded(score: Any) -> None:
    assert isinstance(returned({"scores": {"t": score}, "examples": {"t": RIGHT}}), RunDone)


@pytest.mark.parametrize("times", [1e-4, 100, -1, 1e6])
def test_so_may_one_in_any_unit(times: float) -> None:
    for digits in (3, 4, 8):
        score = float(f"{times * RIGHT.mean():.{digits}g}")
        assert isinstance(
            returned({"scores": {"t": score}, "examples": {"t": times * RIGHT}}, {"t": {"unit": ""}}), RunDone
        ), score


@pytest.mark.parametrize(
    ("score", "examples"),
    [
        (0.703, RIGHT),  # macro F1 beside right or wrong
        (0.67, RIGHT),
        (0.6677, RIGHT),
        (66.67, RIGHT),  # percent beside shares
        (1 - 2 / 3, RIGHT),  # right beside wrong
        (0.0, RIGHT),
        (0.5, [0.0, 0.0]),
        (-0.5, [0.5, 0.5]),
        (np.sqrt(2.5), [1.0, 4.0]),  # RMSE beside squared errors
        (np.float16(0.68), RIGHT),
    ],
)
def test_another_number_fails_the_run_with_task_score_mean_and_way_out(score: float, examples: Any) -> None:
    failed = returned({"scores": {"acc": score, "b": 0.5}, "examples": {"acc": examples}})
    assert isinstance(failed, RunFailed) and failed.reason == "error"
    for part in ("scores['acc']", f"{score:.6g}", f"{np.mean(examples):.6g}", "leave examples['acc'] out"):
        assert part in failed.detail


def test_zero_is_the_mean_of_zeros() -> None:
    assert isinstance(returned({"scores": {"t": 0}, "examples": {"t": [0, 0, 0]}}), RunDone)
    assert isinstance(returned({"scores": {"t": 1e-17}, "examples": {"t": [0.5, -0.5]}}), RunDone)
