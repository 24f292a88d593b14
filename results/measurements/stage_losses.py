"""Losses of the stages before `multitask`, beside reference losses: unigram entropy and uniform guessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.rows import JsonObject
from results.text.formatting import choice_in_words, plural

# The reference losses of `StageRow.told_json`: name -> words, in the order of the sentence.
UNIGRAM_ENTROPY = "unigram_entropy"
WORDS: Mapping[str, str] = {
    UNIGRAM_ENTROPY: "the unigram entropy, which knows no context, is {:.2f}",
    "ln_vocabulary": "a uniform guess ln V = {:.2f}",
    "ln_candidates": "a uniform guess among the candidates of a batch is {:.2f}",
}
NO_CONTEXT = "The stage did not learn to use context with this budget: its last loss is not below the unigram entropy."

Choices = tuple[tuple[str, str | int | float], ...]


@dataclass(frozen=True)
class StageLosses:
    """One stage with one set of its choices: each epoch's loss in nats, mean over its `runs`.

    `choices` are the levels of the stage's factor and of the factors below it. `references` are in nats, by name.
    """

    stage: str
    choices: Choices
    runs: int
    losses: tuple[float, ...]
    references: Mapping[str, float]

    @property
    def below_entropy(self) -> bool:
        """Whether the last loss is below the unigram entropy; True for a stage without that reference."""
        return self.losses[-1] < self.references.get(UNIGRAM_ENTROPY, float("inf"))

    def sentence(self) -> str:
        """Return a sentence with the first and the last loss, beside the references."""
        chosen = ", ".join(choice_in_words(factor, level) for factor, level in self.choices if factor != self.stage)
        own = next((f" {level}" for factor, level in self.choices if factor == self.stage and level != "on"), "")
        name = f"{self.stage.replace('_', ' ')}{own}{f' ({chosen})' if chosen else ''}"
        losses = f"loss {self.losses[0]:.2f} in the only epoch"
        if len(self.losses) > 1:
            losses = f"loss {self.losses[0]:.2f} in the first epoch, {self.losses[-1]:.2f} in the last"
        references = ", ".join(
            words.format(self.references[key]) for key, words in WORDS.items() if key in self.references
        )
        line = f"{name}: {losses}{references and f'; {references}'}"
        mean = f" (mean of {plural(self.runs, 'run')})" if self.runs > 1 else ""
        return f"{line}{mean}.{'' if self.below_entropy else f' {NO_CONTEXT}'}"


def stage_losses(database: Database, name: str) -> tuple[StageLosses, ...]:
    """Return the stages of a study that reported losses, in the order of a run, then of the first run of each choice.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    stage, run = schema.Stage, schema.Run
    database.studies.require(name)
    rows = database.select(
        select(stage.name, stage.told_json, run.choices_json)
        .join(run, run.id == stage.run_id)
        .where(run.study_name == name, stage.told_json.is_not(None))
        .order_by(stage.position, run.id)
    )
    groups: dict[tuple[str, Choices], list[JsonObject]] = {}
    for row in rows:
        if row["told_json"]["losses"]:
            groups.setdefault((row["name"], _own(row["choices_json"], row["name"])), []).append(row["told_json"])
    return tuple(_mean(stage_name, choices, reports) for (stage_name, choices), reports in groups.items())


def _own(choices: Mapping[str, str | int | float], stage: str) -> Choices:
    return tuple((name, level) for name, level in choices.items() if name == stage or name.startswith(f"{stage}."))


def _mean(stage: str, choices: Choices, reports: Sequence[JsonObject]) -> StageLosses:
    """Return the mean of each epoch's loss and of each reference, over the runs that have it."""
    epochs = range(max(len(one["losses"]) for one in reports))
    losses = tuple(fmean(one["losses"][epoch] for one in reports if epoch < len(one["losses"])) for epoch in epochs)
    names = dict.fromkeys(key for one in reports for key in one["references"])
    means = {key: fmean(one["references"][key] for one in reports if key in one["references"]) for key in names}
    return StageLosses(stage, choices, len(reports), losses, means)
