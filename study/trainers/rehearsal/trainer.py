"""The trainer of `--rehearse`: a planted response surface, to try out a space before training it for weeks."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mtbert.data.subset import searched
from results.measurements.code_versions import version_name
from search_spaces import load
from search_spaces.grammar import Choices
from search_spaces.grammar.pinning import pin
from study.settings import PHASES, Settings, SettingsError
from study.trainers.abstract import StudyFacts
from study.trainers.plain_configuration import AbstractPlainTrainer, PlainConfiguration
from study.trainers.rehearsal.response_surface import plant
from study.trainers.rehearsal.worker import WAITED_SECONDS, facts

CONFIG_VERSION = 2  # 1: without a part of dev for the search
EXAMPLES = 1000  # of dev that decide, per task, where the settings have no number
NOTE = "A rehearsal: every number is made up from a planted response surface; nothing is trained."
NO_FAULTS: Mapping[str, float] = {}
FAULTS = ("nan_loss", "error", "out_of_memory", "exit", "hang")  # reasons of failed runs; a worker that exits or hangs
OPTIONS = "STUDY_REHEARSAL"  # environment variable of the tests, e.g. "seconds=0.2,nan_loss=0.1"


def rehearsal_options() -> dict[str, Any]:
    """Return the seconds per run and the rates of faults by kind that `STUDY_REHEARSAL` sets.

    Raises:
        SettingsError: a part is not `seconds=S` or a known kind of fault with a rate from 0 to 1.
    """
    pairs = [part.partition("=") for part in os.environ.get(OPTIONS, "").split(",") if part]
    values = {name: _option(name, text) for name, _, text in pairs}
    seconds = values.pop("seconds", WAITED_SECONDS)
    return {"faults": values, "seconds": seconds}


def _option(name: str, text: str) -> float:
    with contextlib.suppress(ValueError):
        value = float(text)
        if (name == "seconds" and 0 <= value < math.inf) or (name in FAULTS and 0 <= value <= 1):
            return value
    raise SettingsError(
        f"The environment variable {OPTIONS} takes seconds=S and KIND=RATE, with rates from 0 to 1 of the kinds "
        f"{', '.join(FAULTS)}; got '{name}={text}'. Correct it, or unset it."
    )


class Rehearsal(AbstractPlainTrainer):
    """A trainer for any space that needs no torch and trains nothing."""

    name: ClassVar[str] = "rehearsal"
    worker: ClassVar[str] = "study.trainers.rehearsal.worker:run_job"
    preload: ClassVar[tuple[str, ...]] = ("study.trainers.rehearsal.worker",)
    phases: ClassVar[tuple[str, ...]] = PHASES

    def __init__(
        self, settings: Settings, faults: Mapping[str, float] = NO_FAULTS, seconds: float = WAITED_SECONDS
    ) -> None:
        self.space = pin(load(settings.space), settings.pins)
        self.surface = plant(self.space, settings.tasks, settings.seed)
        self.tasks, self.fails_by_plan = settings.tasks, bool(faults)
        self._common: dict[str, Any] = {"epochs": settings.epochs, "tasks": list(settings.tasks)}
        self.varies, self._first_seed = settings.vary == "train", settings.seeds_of(1)[0]
        if self.varies:
            self._common["vary"] = settings.vary
        self._facts = facts(
            self.surface,
            seed=settings.seed,
            epochs=settings.epochs,
            examples=settings.dev_examples or EXAMPLES,
            faults=faults,
            seconds=seconds,
        )
        self.facts = StudyFacts(
            "rehearsal",
            True,
            f"rehearsal {settings.seed}",
            "rehearsal",
            notes=(NOTE,),
            config_version=CONFIG_VERSION,
            code=version_name(CONFIG_VERSION),
        )

    def reference(self, choices: Choices, task: str, seed: int = 0) -> PlainConfiguration:
        """Return the configuration of these choices on one task."""
        return PlainConfiguration.of(self.space, choices, {**self._common, "tasks": [task]}, seed)

    def on_first_sentences(self, choices: Choices, seed: int = 0) -> PlainConfiguration:
        """Return the configuration of these choices with the noise of the first fresh seed's sentences."""
        return PlainConfiguration.of(self.space, choices, {**self._common, "subset_seed": self._first_seed}, seed)

    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Create the folder, and return the planted truth for the study's record."""
        folder.mkdir(parents=True, exist_ok=True)
        size = self._facts["examples"]
        sizes = {"search": searched(size), "dev": size, "test": size}
        rows = {f"{task}/{split}": count for task in self.surface.tasks for split, count in sizes.items()}
        return {"rows": rows, "planted": self._facts["surface"], "null_factors": self.surface.null_factors()}
