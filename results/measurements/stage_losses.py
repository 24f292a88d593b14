"""How the stages before `multitask` learned: their losses beside what knows no context, or guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.rows import JsonObject
from results.text.formatting import choice_in_words, plural

# The references of `StageRow.told_json` by name, in words and in this order.
UNIGRAM_ENTROPY = "unigram_entropy"
WORDS: Mapping[str, str] = {
    UNIGRAM_ENTROPY: "the unigram entropy, which knows no context, is {:.2f}",
    "ln_vocabulary": "a uniform guess ln V = {:.2f}",
    "ln_candidates": "a uniform guess among the candidates of a batch is {:.2f}",
}
NO_CONTEXT = "The stage has not learned to use context in this budget: its last loss is not below the unigram entropy."

Choices = tuple[tuple[str, str | int | float], ...]


@dataclass(frozen=True)
class StageLosses:
    """One stage as one set of its own choices has it: means over its `runs` of each epoch's loss, in nats.

    `choices` are those of the stage's factor and of the factors below it. `references` by name, in nats too.
    """

    stage: str
    choices: Choices
    runs: int
    losses: tuple[float, ...]
    references: Mapping[str, float]

    @property
    def below_entropy(self) -> bool:
        """Whether the last loss is below the unigram entropy; True for a stage that has none."""
        return self.losses[-1] < self.references.get(UNIGRAM_ENTROPY, float("inf"))

    def sentence(self) -> str:
        """Return the first and the last loss beside the references."""
        chosen = ", ".join(choice_in_words(factor, level) for factor, level in self.choices if factor != self.stage)
        own = next((f" {level}" for factor, level in self.choices if factor == self.stage and level != "on"), "")
        name = f"{self.stage.replace('_', ' ')}{own}{f' ({chosen})' if chosen else ''}"
        told = f"loss {self.losses[0]:.2f} in the only epoch"
        if len(self.losses) > 1:
            told = f"loss {self.losses[0]:.2f} in the first epoch, {self.losses[-1]:.2f} in the last"
        beside = [words.format(self.references[key]) for key, words in WORDS.items() if key in self.references]
        line = "; ".join((f"{name}: {told}", *([", ".join(beside)] if beside else [])))
        mean = f" (mean of {plural(self.runs, 'run')})" if self.runs > 1 else ""
        return f"{line}{mean}.{'' if self.below_entropy else f' {NO_CONTEXT}'}"


def stage_losses(database: Database, name: str) -> tuple[StageLosses, ...]:
    """Return the stages of a study that told their losses, in the order of a run, and of their choices as they were
    met.

    UnknownStudy when the database has no study of that name.
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
    return tuple(_mean(stage_name, choices, told) for (stage_name, choices), told in groups.items())


def _own(choices: Mapping[str, str | int | float], stage: str) -> Choices:
    return tuple((name, level) for name, level in choices.items() if name == stage or name.startswith(f"{stage}."))


def _mean(stage: str, choices: Choices, told: Sequence[JsonObject]) -> StageLosses:
    """Of each epoch over the runs that had it, and of each reference."""
    epochs = range(max(len(one["losses"]) for one in told))
    losses = tuple(fmean(one["losses"][epoch] for one in told if epoch < len(one["losses"])) for epoch in epochs)
    names = dict.fromkeys(key for one in told for key in one["references"])
    means = {key: fmean(one["references"][key] for one in told if key in one["references"]) for key in names}
    return StageLosses(stage, choices, len(told), losses, means)
