"""A run: trains, repeats to the bit whatever ran before, keeps the best epoch, stops when told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from cases import for_each

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.errors import BackboneError
from mtbert.model import MultitaskModel
from mtbert.run import RunOutcome, evaluate_split, run
from mtbert.stages import multitask
from mtbert.stages.multitask import DivergedError
from mtbert.training import evaluation
from mtbert.training.evaluation import outputs_of


def changed(config: RunConfig, **multitask: object) -> RunConfig:
    data = config.model_dump(mode="json")
    data["multitask"] |= multitask
    return parse(data)


def trained(config: RunConfig, prepared: Prepared) -> RunOutcome:
    return run(config, prepared, lambda _: True)


@pytest.fixture(scope="module")
def outcome(two: RunConfig, prepared: Prepared) -> RunOutcome:
    return trained(changed(two, epochs=3), prepared)


def test_the_loss_falls(outcome: RunOutcome) -> None:
    first, last = outcome.epochs[0].losses, outcome.epochs[-1].losses
    assert set(first) == {"sst", "sts"}
    assert sum(last.values()) < sum(first.values())


def test_the_same_seed_gives_the_same_bits_whatever_ran_before(
    two: RunConfig, prepared: Prepared, outcome: RunOutcome
) -> None:
    torch.manual_seed(123)
    expected = torch.rand(1)
    torch.manual_seed(123)
    other = trained(two.with_seed(9), prepared)
    assert torch.equal(torch.rand(1), expected), "a run drew from the global generator"
    assert other.epochs[0].losses != outcome.epochs[0].losses
    again = trained(changed(two, epochs=3), prepared)
    assert [e.search.score for e in again.epochs] == [e.search.score for e in outcome.epochs]
    pairs = zip(outcome.model.state_dict().values(), again.model.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_the_model_is_left_in_its_best_epoch(prepared: Prepared, outcome: RunOutcome) -> None:
    assert outcome.best.search.score == max(e.search.score for e in outcome.epochs)
    assert evaluate_split(outcome.model, prepared, "search").score == outcome.best.search.score


def test_a_run_ends_when_the_report_says_so_and_a_no_after_the_last_epoch_is_not_a_stop(
    two: RunConfig, prepared: Prepared
) -> None:
    for epochs, stopped in ((2, True), (1, False)):
        found = run(changed(two, epochs=epochs), prepared, lambda _: False)
        assert found.stopped == stopped and len(found.epochs) == 1


def test_a_run_ends_after_as_many_epochs_without_a_better_score_as_it_has_patience(
    two: RunConfig, prepared: Prepared
) -> None:
    # At a rate of nothing no epoch is better than the first.
    still = {"name": "adam", "learning_rate": 1e-30}
    found = trained(changed(two, epochs=6, patience=2, optimizer=still), prepared)
    assert len(found.epochs) == 3 and found.best.epoch == 1 and not found.stopped


def test_a_better_epoch_renews_the_patience(two: RunConfig, prepared: Prepared) -> None:
    config = two.with_seed(3)  # its score rises twice, then falls
    scores = [e.search.score for e in trained(changed(config, epochs=5), prepared).epochs]
    ends = next((i for i in range(1, 5) if max(scores[: i + 1]) == max(scores[:i])), 4)
    found = trained(changed(config, epochs=5, patience=1), prepared)
    assert [e.search.score for e in found.epochs] == scores[: ends + 1]
    assert found.best.search.score == max(scores[: ends + 1])


def test_a_loss_that_is_no_number_ends_the_run_as_diverged(two: RunConfig, prepared: Prepared) -> None:
    model = build_model(two, prepared.vocabulary_size)
    with torch.no_grad():
        for parameter in model.heads.parameters():
            parameter.fill_(float("inf"))
    with pytest.raises(DivergedError, match="the loss is not a finite number in epoch 1"):
        multitask.run(model, two.multitask, prepared, two.seed, lambda _: True)


def test_heads_alone_leave_the_encoder_as_it_was(two: RunConfig, prepared: Prepared) -> None:
    config = changed(two, trainable={"name": "heads"})
    found, fresh = trained(config, prepared), build_model(config, prepared.vocabulary_size)
    pairs = zip(found.model.encoder.parameters(), fresh.encoder.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert found.trainable_parameters == sum(p.numel() for p in found.model.heads.parameters())


def test_outputs_are_measured_on_all_examples_in_their_order(prepared: Prepared, outcome: RunOutcome) -> None:
    assert outcome.dev is not None
    for split, measured, size in (("search", outcome.best.search, 3), ("dev", outcome.dev, 6)):
        for name, task in measured.tasks.items():
            assert len(task.outputs) == len(prepared.splits[name, split]) == size
            assert (task.labels == prepared.splits[name, split].labels).all()


def test_the_examples_that_decide_are_measured_once_by_the_kept_model_and_choose_nothing(
    two: RunConfig, prepared: Prepared, outcome: RunOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome.dev is not None
    assert evaluate_split(outcome.model, prepared, "dev").score == outcome.dev.score
    seen: list[TokenizedSplit] = []

    def noted(model: MultitaskModel, task: str, split: TokenizedSplit, *others: Any) -> Any:
        seen.append(split)
        return outputs_of(model, task, split, *others)

    monkeypatch.setattr(evaluation, "outputs_of", noted)
    for decide in (True, False):
        seen.clear()
        found = run(two, prepared, lambda _: True, decide=decide)
        assert (found.dev is not None) == (found.train is not None) == decide
        for name in found.model.heads:
            assert sum(split is prepared.splits[name, "dev"] for split in seen) == decide
            assert sum(split is prepared.splits[name, "search"] for split in seen) == len(found.epochs)
    labels = {key: replace(part, labels=part.labels[::-1]) for key, part in prepared.splits.items() if key[1] == "dev"}
    other = run(two, replace(prepared, splits={**prepared.splits, **labels}), lambda _: True)
    assert other.dev is not None and other.dev.score != evaluate_split(found.model, prepared, "dev").score
    assert [e.search.score for e in other.epochs] == [e.search.score for e in found.epochs]
    assert all(torch.equal(a, b) for a, b in zip(other.model.parameters(), found.model.parameters(), strict=True))


@for_each("sampler", ["round_robin_shortest", "joint"])
def test_a_head_without_parameters_on_a_frozen_encoder_leaves_the_others_training(
    two: RunConfig, prepared: Prepared, sampler: str
) -> None:
    data = changed(two, trainable={"name": "heads"}, sampler={"name": sampler}).model_dump(mode="json")
    data["tasks"]["sts"] = {"head": "cosine"}
    first, second = trained(parse(data), prepared).epochs
    assert second.losses["sts"] == pytest.approx(first.losses["sts"], rel=0.2)  # other batches, the same model
    assert first.search.tasks["sts"].metrics == second.search.tasks["sts"].metrics
    assert first.search.tasks["sst"].outputs.tolist() != second.search.tasks["sst"].outputs.tolist()


def test_a_run_that_trains_nothing_is_refused(two: RunConfig, prepared: Prepared) -> None:
    data = changed(two, trainable={"name": "heads"}).model_dump(mode="json")
    data["tasks"] = {"sts": {"head": "cosine"}}
    with pytest.raises(BackboneError, match="nothing is trained"):
        trained(parse(data), prepared)
