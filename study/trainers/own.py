"""The trainer of `--trainer package.module:function`: anyone's model, called with (configuration, seed, report)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from search_spaces import load
from search_spaces.grammar import Choices
from search_spaces.grammar.pinning import pin
from study.code_fingerprint import code_of
from study.functions import function_of, module_of
from study.settings import Settings
from study.task_declaration import declaration
from study.trainers.abstract import AbstractTrainer, StudyFacts
from study.trainers.plain import PlainConfiguration


class OwnModel(AbstractTrainer):
    """A function of the user's. Its dev scores are all there is: the phase `test` is not done."""

    name: ClassVar[str] = "own"
    worker: ClassVar[str] = "study.own_model:carry_out"
    preload: ClassVar[tuple[str, ...]] = ("study.own_model",)
    measures_alike: ClassVar[bool] = True
    first_alone: ClassVar[bool] = True
    phases: ClassVar[tuple[str, ...]] = ("search", "confirm", "ablate", "report")

    def __init__(self, settings: Settings) -> None:
        self.space = pin(load(settings.space), settings.pins)
        function_of(settings.trainer)  # refused now, not in every run
        declared, code = declaration(module_of(settings.trainer)), code_of(module_of(settings.trainer))
        self._facts = {
            "function": settings.trainer,
            "epochs": settings.epochs,
            "data": settings.data,
            "code": code,
            "tasks": declared,
        }
        self._epochs = settings.epochs
        self._common = {"trainer": settings.trainer, "epochs": settings.epochs, "data": settings.data}
        self.facts = StudyFacts(
            settings.data,
            False,
            settings.data,
            settings.trainer,
            code=code.digest,
            code_files=code.files,
            tasks=declared,
        )

    def configuration(self, choices: Choices, seed: int = 0) -> PlainConfiguration:
        """The choices as they are."""
        return PlainConfiguration.of(self.space, choices, self._common, seed)

    def read(self, data: Mapping[str, Any], seed: int) -> PlainConfiguration:
        """What was written."""
        return PlainConfiguration.read(data, seed)

    def epochs(self, config: Any) -> tuple[int, int]:
        """As many as the settings say; the function may report fewer."""
        return self._epochs, self._epochs

    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """The data is the function's own affair."""
        folder.mkdir(parents=True, exist_ok=True)
        return {}

    def job_facts(self) -> Mapping[str, Any]:
        """The function's name, its code, and what its module declares of its tasks."""
        return self._facts
