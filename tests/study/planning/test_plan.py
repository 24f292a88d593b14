"""The plan: its runs and their time, from costs made up so that the sum can be done by hand."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console

from mtbert.config import RunConfig
from mtbert.data.tokenize import Prepared
from study.planning import plan
from study.planning.plan import Plan, PlannedPhase
from study.resolve import resolve
from study.trainers.bert import trainer
from study.trainers.bert.timing import Costs, kind_of
from study.trainers.bert.trainer import MultitaskBert

GIVEN = {"backbone": "tiny", "budget": "smoke", "train_examples": 16, "dev_examples": 8}
# A run of nothing takes a second, mlm a hundredth of a second a sentence; the rest is free.
MLM = 0.01


@pytest.fixture(scope="module")
def measured() -> Iterator[list[RunConfig]]:
    """The configurations that plans have measured."""
    asked: list[RunConfig] = []

    def measure(configs: Sequence[RunConfig], data: Prepared, device: str) -> Costs:
        asked.extend(configs)
        stages = {stage: MLM if stage == "mlm" else 0.0 for stage in plan_stages(configs)}
        kinds = dict.fromkeys(map(kind_of, configs), 0.0)
        return Costs(kinds, stages, evaluated=0.0, around=1.0, all_kinds=len(kinds))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "measure", measure)
        yield asked


@pytest.fixture(scope="module")
def grid(measured: list[RunConfig]) -> tuple[Plan, list[RunConfig]]:
    """The plan, and the configurations that it has measured."""
    before = len(measured)
    return made(space="sankhe_table4", seeds=3), measured[before:]


@pytest.fixture(scope="module")
def searched(measured: list[RunConfig]) -> Plan:
    return made(space="full_ablation")


def plan_stages(configs: Sequence[RunConfig]) -> list[str]:
    stages = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task")
    return [stage for stage in stages if any(getattr(config, stage) is not None for config in configs)]


def made(**given: object) -> Plan:
    settings = resolve({**GIVEN, **given}, None)
    return plan.make(MultitaskBert(settings), settings, 2)


def shown(found: Plan) -> str:
    out = io.StringIO()
    plan.show(found, Console(file=out, width=200))
    return out.getvalue()


def test_a_grid_takes_the_sum_of_its_rows_each_with_its_own_stages(grid: tuple[Plan, list[RunConfig]]) -> None:
    found, configs = grid
    rows = {run.what: run.seconds for run in found.certain}
    assert len(found.certain) == 3 * len(rows) == found.phases[0].most
    sentences = {c.digest(): c.mlm.epochs * _sentences(c) for c in configs if c.mlm is not None}
    assert sentences  # some rows are pretrained
    assert sorted({round(s, 6) for s in rows.values()}) == sorted({1.0} | {1 + MLM * n for n in sentences.values()})
    assert found.seconds == pytest.approx(3 * sum(rows.values()) / 2)  # two workers
    assert found.tried_seconds is None and found.timing is not None and "mlm" in found.timing.facts["stages"]


def _sentences(config: RunConfig) -> int:
    assert config.mlm is not None and config.mlm.max_sentences is not None
    return config.mlm.max_sentences * len(config.mlm.corpora.split("+"))


def test_a_search_takes_what_is_certain_and_the_mean_of_what_it_may_try(searched: Plan) -> None:
    found = searched
    known = [run for run in found.certain if run.phase == "search"]
    assert len(known) == 4 and found.tried == 4 + plan.DRAWN
    others = 4 + 2 * 2 + 3 * 2 - len(found.certain)  # trials, baseline and best, ablations: those that are not certain
    whole = sum(run.seconds for run in found.certain) + others * (found.tried_seconds or 0)
    assert found.seconds == pytest.approx(whole / 2)
    assert found.tried_seconds is not None and found.tried_seconds > found.run_seconds == 1.0


@pytest.mark.usefixtures("measured")
def test_phases_that_are_not_asked_for_take_no_time() -> None:
    found = made(space="pooling", phases=("search",))
    assert [phase.phase for phase in found.phases] == ["search"]
    assert found.seconds == pytest.approx(4 / 2)


def test_it_says_how_the_time_was_estimated(searched: Plan, grid: tuple[Plan, list[RunConfig]]) -> None:
    text = shown(searched)
    assert "if no run is stopped early" in text
    assert "one run of the baseline: 1.0 s" in text
    assert "measured: a few steps of" in text and "kinds of training and of mlm, simcse" in text
    assert f"the first ones of the search, and {plan.DRAWN} drawn at random" in text
    assert "one run of the search" not in shown(grid[0])


def test_runs_that_separate_seeds_from_training_sentences_are_planned(measured: list[RunConfig]) -> None:
    same, varied = (made(space="pooling", seeds=3, vary=vary) for vary in ("none", "train"))
    assert [phase for phase in varied.phases if phase not in same.phases] == [
        PlannedPhase("ablate", 0, 4, "the best and the baseline on the first seed's training sentences x 2 other seeds")
    ]


def test_they_are_planned_without_an_ablation_too(measured: list[RunConfig]) -> None:
    alone = made(space="pooling", seeds=3, vary="train", phases=("search", "confirm"))
    assert [(phase.phase, phase.most) for phase in alone.phases][-1] == ("confirm", 4)
