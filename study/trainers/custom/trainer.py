"""The trainer of `--trainer package.module:function`: a custom function of (configuration, seed, report)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from search_spaces import load
from search_spaces.grammar.pinning import pin
from study.functions import function_of, module_of
from study.settings import Settings
from study.trainers.abstract import StudyFacts
from study.trainers.custom.code_fingerprint import code_of
from study.trainers.custom.task_declaration import declaration
from study.trainers.plain_configuration import AbstractPlainTrainer


class CustomTrainer(AbstractPlainTrainer):
    """A user's function. It has only dev scores, so there is no phase `test`."""

    name: ClassVar[str] = "own"
    worker: ClassVar[str] = "study.trainers.custom.worker:run_job"
    preload: ClassVar[tuple[str, ...]] = ("study.trainers.custom.worker",)
    measures_alike: ClassVar[bool] = True
    first_alone: ClassVar[bool] = True
    phases: ClassVar[tuple[str, ...]] = ("search", "confirm", "ablate", "report")

    def __init__(self, settings: Settings) -> None:
        self.space = pin(load(settings.space), settings.pins)
        function_of(settings.trainer)  # an error appears now, not in every run
        declared, code = declaration(module_of(settings.trainer)), code_of(module_of(settings.trainer))
        inputs = {"epochs": settings.epochs, "data": settings.data}
        self._common = {"trainer": settings.trainer, **inputs}
        self._facts = {"function": settings.trainer, **inputs, "code": code, "tasks": declared}
        self.facts = StudyFacts(
            data_source=settings.data,
            made_up=False,
            fingerprint=settings.data,
            backbone=settings.trainer,
            code=code.digest,
            code_files=code.files,
            tasks=declared,
        )

    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Create the folder; the function reads its data itself."""
        folder.mkdir(parents=True, exist_ok=True)
        return {}
