"""Code that ends itself inside a trainer ends its run: with what it said, and once."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from own_trainers import OwnStudy, carried_out

from study.messages import EpochDone, Job, RunFailed
from study.trainers.custom.worker import run_job


def leaves(*arguments: Any) -> Any:
    def train(configuration: Any, seed: int, report: Any) -> Any:
        sys.exit(*arguments)

    return train


def parses(configuration: Any, seed: int, report: Any) -> Any:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", required=True)
    parser.parse_args([])


def parses_a_stranger(configuration: Any, seed: int, report: Any) -> Any:
    argparse.ArgumentParser().parse_args(["--depth", "3"])


def asks_for_help(configuration: Any, seed: int, report: Any) -> Any:
    argparse.ArgumentParser().parse_args(["--help"])


def dies_of_another(configuration: Any, seed: int, report: Any) -> Any:
    try:
        {}["rate"]
    except KeyError:
        sys.exit(3)


def interrupts(configuration: Any, seed: int, report: Any) -> Any:
    raise KeyboardInterrupt


def cancels(configuration: Any, seed: int, report: Any) -> Any:
    raise asyncio.CancelledError("the loop was closed")


@pytest.mark.parametrize(
    ("train", "told"),
    [
        (leaves(2), "sys.exit(2)"),
        (leaves(), "sys.exit()"),
        (leaves("no data in d"), "no data in d"),
        (parses, "the following arguments are required: --lr"),
        (parses_a_stranger, "unrecognized arguments: --depth 3"),
        (asks_for_help, "help"),
        (dies_of_another, "KeyError: 'rate'"),
        (interrupts, "KeyboardInterrupt"),
        (cancels, "the loop was closed"),
    ],
)
def test_an_exit_is_an_error_with_its_text_and_its_place(train: Any, told: str, capsys: Any) -> None:
    failed, _ = carried_out(train)
    assert isinstance(failed, RunFailed) and failed.reason == "error"
    assert told in failed.detail and "test_exits_inside_a_trainer.py, line " in failed.detail


def test_an_exit_after_an_epoch_is_an_error_too() -> None:
    def train(configuration: Any, seed: int, report: Any) -> Any:
        report(1, 0.5)
        raise SystemExit("enough")

    failed, told = carried_out(train)
    assert isinstance(failed, RunFailed) and failed.reason == "error" and "enough" in failed.detail and len(told) == 1


def test_what_the_line_to_the_driver_raises_is_no_fault_of_the_trainer() -> None:
    class Gone(BaseException):
        pass

    def go_on(epoch: EpochDone) -> bool:
        raise Gone

    facts = {"function": "own_trainers:reports_once", "epochs": 1, "data": ""}
    with pytest.raises(Gone):
        run_job(Job(1, "train", {"choices": {}, "set": {}}, Path("/nowhere"), facts=facts), go_on)


def test_a_run_that_exits_is_not_tried_again(tmp_path: Path) -> None:
    study = OwnStudy(
        tmp_path, "import sys\n\ndef train(configuration, seed, report):\n    sys.exit('no such folder: d')\n"
    )
    study.launch("--phases", "search")
    rows = study.rows("select status, reason, detail, attempt from run")
    assert rows and {(status, reason, attempt) for status, reason, _, attempt in rows} == {("failed", "error", 1)}
    assert all("no such folder: d" in detail for *_, detail, _ in rows)
