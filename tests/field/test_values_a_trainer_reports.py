"""Whatever a trainer hands over is plain Python, or refused with one message, before it leaves the worker."""

from __future__ import annotations

import enum
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from own_trainers import carried_out, returned

from study.messages import RunDone, RunFailed
from study.trainers.custom.plain_values import BadResult, number, numbers

LIKE_ONE = (
    1, 1.0, True, np.int64(1), np.int8(1), np.uint16(1), np.float16(1), np.float32(1), np.float64(1), np.longdouble(1),
    np.bool_(True), np.array(1), np.array(1.0), np.array([1.0]), torch.tensor(1), torch.tensor(1.0),
    torch.tensor([1.0]), torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, dtype=torch.bfloat16),
    torch.tensor(True), Decimal(1), Fraction(1), pd.Series([1.0]), np.array(1, dtype=object),
)  # fmt: skip
NO_NUMBER = (
    None, "1", b"1", np.str_("1"), [1], (1, 2), {"a": 1}, 1j, np.complex128(1), pd.NA, pd.NaT,
    np.datetime64("2020-01-01"), np.timedelta64(1), np.zeros(2), torch.zeros(2), object(), 10**400, print,
)  # fmt: skip


def reported(*calls: tuple[Any, Any], epochs: int = 3) -> tuple[Any, list[Any]]:
    def train(configuration: Any, seed: int, report: Any) -> Any:
        for epoch, score in calls:
            report(epoch, score)
        return {"scores": {"t": 0.5}}

    return carried_out(train, epochs)


def test_a_score_of_any_library_is_a_float() -> None:
    for value in LIKE_ONE:
        done, told = reported((1, value))
        assert isinstance(done, RunDone), (value, done)
        assert type(told[0].score) is float and told[0].score == 1.0, value
        assert type(told[0].metrics["dev", "", "score"]) is float


def test_an_epoch_of_any_library_is_a_plain_number() -> None:
    for value in LIKE_ONE:
        done, told = reported((value, 0.5))
        if isinstance(value, bool | np.bool_) or (isinstance(value, torch.Tensor) and value.dtype == torch.bool):
            assert isinstance(done, RunFailed) and "number of epochs" in done.detail, value
        else:
            assert type(told[0].epoch) is int and told[0].epoch == 1, value
            assert type(done.best_epoch) is int


def test_the_epochs_of_numpy_s_arange_are_ints() -> None:
    done, told = reported(*((epoch, 0.5) for epoch in np.arange(1, 4)))
    assert isinstance(done, RunDone) and [(type(e.epoch), e.epoch) for e in told] == [(int, 1), (int, 2), (int, 3)]


def test_fractions_of_epochs_are_steps_of_their_own() -> None:
    done, told = reported(*((at, 0.5) for at in (np.float32(0.5), Decimal("1.0"), Fraction(3, 2), 2)))
    assert isinstance(done, RunDone)
    assert [(type(e.epoch), e.epoch) for e in told] == [(float, 0.5), (int, 1), (float, 1.5), (int, 2)]


@pytest.mark.parametrize("epoch", [0, -1, 0.0, math.nan, math.inf, -math.inf, 2**31, "one", None, False])
def test_what_is_no_epoch_is_refused(epoch: Any) -> None:
    failed, told = reported((epoch, 0.5))
    assert isinstance(failed, RunFailed) and failed.reason == "error" and not told
    assert "number of epochs" in failed.detail or "must be a number" in failed.detail


@pytest.mark.parametrize("second", [1, 0.5, np.int32(1)])
def test_an_epoch_that_does_not_rise_is_refused(second: Any) -> None:
    failed, told = reported((1, 0.5), (second, 0.6))
    assert isinstance(failed, RunFailed) and "count up" in failed.detail and len(told) == 1


def test_what_is_no_number_is_refused_with_its_value() -> None:
    for value in NO_NUMBER:
        failed, told = reported((1, value))
        assert isinstance(failed, RunFailed) and failed.reason == "error" and not told, value
        assert "the score of report(1, score) must be a number, got " in failed.detail, value
        with pytest.raises(BadResult, match="x must be a number"):
            number(value, "x")


@pytest.mark.parametrize("score", [math.nan, math.inf, torch.tensor(math.nan), np.float32("-inf"), Decimal("nan")])
def test_a_score_that_is_not_finite_ends_the_run_as_one_that_diverged(score: Any) -> None:
    failed, told = reported((1, score))
    assert isinstance(failed, RunFailed) and failed.reason == "nan_loss" and not told
    failed = returned({"scores": {"t": score}})
    assert isinstance(failed, RunFailed) and failed.reason == "nan_loss" and "scores['t']" in failed.detail


def test_results_of_any_library_are_plain() -> None:
    for value in LIKE_ONE:
        done = returned({"scores": {"t": value}, "metrics": {"t": {"f1": value}}, "costs": {"flops": value}})
        assert isinstance(done, RunDone), done
        assert {type(each) for each in done.metrics.values()} == {float} and type(done.score) is float
        assert done.metrics["dev", "t", "f1"] == done.metrics["dev", "", "flops"] == 1.0
        done = returned({"scores": {"t": value}, "costs": {"trainable_parameters": value, "inference_ms": value}})
        assert type(done.trainable_parameters) is int and done.inference_ms == 1.0
    done = returned({"scores": pd.Series({"t": 0.25, "u": 0.75})})
    assert done.score == 0.5 and done.metrics["dev", "u", "score"] == 0.75


def test_examples_may_stand_in_anything_that_holds_a_column() -> None:
    right = [True, False, True, False]
    column = np.array(right, dtype=float)
    for values in (
        right, tuple(right), column, column[:, None], np.array(right), torch.tensor(right), torch.tensor(column),
        torch.tensor(column, dtype=torch.bfloat16, requires_grad=True), pd.Series(right),
        pd.Series(right, dtype="boolean"),
        pd.DataFrame({"a": column}), [np.float32(v) for v in right], [torch.tensor(v) for v in right],
        [[1], [0], [1], [0]], iter(right), column.astype(object), [Decimal(int(v)) for v in right],
    ):  # fmt: skip
        done = returned({"scores": {"t": 0.5}, "examples": {"t": values}})
        assert isinstance(done, RunDone), (values, done)
        outputs = done.outputs["dev", "t"]
        assert outputs.predictions.dtype == np.float32 and outputs.predictions.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "values",
    [[], [0.5, math.nan], [0.5, None], "0101", {"a": 0.5}, {0.5}, 0.5, None, [["a"]], np.zeros((2, 2)), [[1], [1, 2]],
     pd.Series([0.5, None], dtype="Float64"), ["0.5"], object()],
)  # fmt: skip
def test_examples_that_are_no_column_of_numbers_are_refused(values: Any) -> None:
    with pytest.raises(BadResult, match="x"):
        numbers(values, "x")
    failed = returned({"scores": {"t": 0.5}, "examples": {"t": values}})
    assert isinstance(failed, RunFailed) and "examples['t']" in failed.detail, failed


class Task(enum.Enum):
    SST = "sst"


@pytest.mark.parametrize(
    ("given", "stored"), [(1, "1"), (np.int64(2), "2"), (np.str_("t"), "t"), (Task.SST, "sst"), ("qa/f1 (dev) é", None)]
)
def test_names_are_texts(given: Any, stored: str | None) -> None:
    done = returned({"scores": {given: 0.5}, "examples": {given: [0, 1]}, "metrics": {given: {given: 1}}})
    assert isinstance(done, RunDone), done
    name = stored or given
    assert {key[1] for key in done.metrics} == {name, ""} and {type(key[1]) for key in done.metrics} == {str}
    assert list(done.outputs) == [("dev", name)]


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\0b", "\x1b[2J", "\ud800", "x" * 201, None, ("a", "b"), 1.5, b"t"]
)
def test_a_name_that_cannot_be_stored_or_read_is_refused(name: Any) -> None:
    for result in (
        {"scores": {name: 0.5}},
        {"scores": {"t": 0.5}, "metrics": {"t": {name: 0.5}}},
        {"scores": {"t": 0.5}, "costs": {name: 1}},
    ):
        failed = returned(result)
        assert isinstance(failed, RunFailed) and failed.reason == "error" and "a name in " in failed.detail, failed


def test_two_names_that_are_stored_alike_are_refused() -> None:
    failed = returned({"scores": {1: 0.5, "1": 0.25}})
    assert isinstance(failed, RunFailed) and "'1' twice" in failed.detail


@pytest.mark.parametrize("value", [-1, 0.5, math.nan, 2**63, "12", None])
def test_a_count_is_a_whole_number(value: Any) -> None:
    failed = returned({"scores": {"t": 0.5}, "costs": {"trainable_parameters": value}})
    assert isinstance(failed, RunFailed) and "trainable_parameters" in failed.detail


def test_a_metric_that_was_not_measured_is_none() -> None:
    done = returned({"scores": {"t": 0.5}, "metrics": {"t": {"f1": None, "auc": math.nan, "perplexity": math.inf}}})
    assert isinstance(done, RunDone)
    assert all(math.isnan(done.metrics["dev", "t", name]) for name in ("f1", "auc", "perplexity"))
