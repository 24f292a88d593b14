"""The interface of trainers: the half that lives in the driver, and the name of the half that workers run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from mtbert.errors import ConfigurationError, Fault
from mtbert.stage_store.keys import ChainKeys
from results.database.rows import ExampleRow, IssueRow, RunRow
from search_spaces import Space
from search_spaces.grammar import Choices


def first_fault(error: Exception) -> str:
    """Return the first fault of an error without its way out."""
    line = str(error).splitlines()[0]
    return line.partition(". ")[0].rstrip(".").partition(", got ")[0]


class Configuration(Protocol):
    """The configuration of a run with its seed. Equal configurations have equal digests, whatever their seeds."""

    @property
    def seed(self) -> int:
        """The run's seed."""

    def digest(self) -> str:
        """Return the digest, 64 hex digits."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the configuration as JSON data (`mode="json"`)."""

    def with_seed(self, seed: int) -> Self:
        """Return the same configuration with another seed."""


@dataclass(frozen=True)
class StudyFacts:
    """Facts about a study's data and model, for its record.

    A resumed study must have the same `fingerprint` of its data and the same `config_version`. `code` names the version
    of the code (`study.resume.code_changes`), `code_files` are a custom trainer's files with their hashes. `notes` are
    sentences that the launch prints. `tasks` is the trainer's declaration of its tasks
    (`results.measurements.task_units`), None where their scores are shares, higher being better.
    """

    data_source: str
    made_up: bool
    fingerprint: str
    backbone: str
    issues: tuple[IssueRow, ...] = ()
    notes: tuple[str, ...] = ()
    config_version: int = 1
    code: str | None = None
    code_files: Mapping[str, str] | None = None
    tasks: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Timing:
    """The durations of runs, measured before the study.

    `seconds` of a run by digest, `search_seconds` of a run of the search, `test_seconds` of its evaluation on test,
    `notes` on the measurement, and `facts` for `--json`.
    """

    seconds: Mapping[str, float]
    search_seconds: Mapping[str, float]
    test_seconds: float
    notes: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class AbstractTrainer(ABC):
    """The trainer of a study. Its constructor checks all settings and writes nothing.

    `space` has the study's pins applied. `worker` is the function "module:name" that runs a job in a worker
    (`study.messages`), `preload` the modules that all workers need. `phases` are the supported phases, `tasks` the
    tasks that can be trained alone.
    """

    name: ClassVar[str]
    worker: ClassVar[str]
    preload: ClassVar[tuple[str, ...]] = ()
    phases: ClassVar[tuple[str, ...]]
    shares: ClassVar[bool] = False  # whether runs can share stages
    measures_alike: ClassVar[bool] = False  # whether all runs of a study must measure the same tasks
    first_alone: ClassVar[bool] = False  # whether only a first run can show that the trainer works
    fails_by_plan: bool = False  # whether failures are injected on request
    varies: bool = False  # whether every seed has its own training sentences
    tasks: tuple[str, ...] = ()
    space: Space
    facts: StudyFacts

    def devices(self) -> tuple[str, ...]:
        """Return the devices that runs may use: "cpu" alone, or "cuda:0", ..."""
        return ("cpu",)

    def gpu(self) -> str | None:
        """Return the GPU's name; None without a GPU."""
        return None

    @abstractmethod
    def configuration(self, choices: Choices, seed: int = 0) -> Configuration:
        """Return the configuration of a run with these choices."""

    def reference(self, choices: Choices, task: str, seed: int = 0) -> Configuration:
        """Return the configuration that trains these choices on one task alone.

        Raises:
            ConfigurationError: the task cannot be trained alone.
        """
        raise ConfigurationError([Fault("tasks", f"this trainer cannot train one task alone, got {task}")])

    def on_first_sentences(self, choices: Choices, seed: int = 0) -> Configuration:
        """Return the configuration that trains these choices on the sentences of the first fresh seed.

        Raises:
            ConfigurationError: the training sentences do not vary.
        """
        raise ConfigurationError([Fault("data.vary", "the training sentences of this study are the same for all runs")])

    @abstractmethod
    def read(self, data: Mapping[str, Any], seed: int) -> Configuration:
        """Return the configuration that `model_dump(mode="json")` wrote."""

    @abstractmethod
    def epochs(self, config: Any) -> tuple[int, int]:
        """Return the number of epochs after which a run can be pruned, and the number of all that it reports."""

    @abstractmethod
    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Write what workers read into `folder`, and return numbers about the data for `study_meta.data_json`.

        `device` is the device of the engine's runs, "cpu" or "cuda:0".
        """

    def folder_of(self, config: Any, folder: Path) -> Path:
        """Return the folder that a worker reads for a run; `folder` is the one that `prepare` wrote."""
        return folder

    def examples(self) -> Sequence[ExampleRow]:
        """Return the stored facts about the dev examples, once prepared; none without sentences."""
        return ()

    def job_facts(self) -> Mapping[str, Any]:
        """Return plain data that a worker needs beside a configuration."""
        return {}

    def keys(self, config: Any) -> ChainKeys | None:
        """Return the keys of a run's stages; None where stages are not shared."""
        return None

    def ends_to_change(self, configs: Sequence[tuple[Any, ChainKeys | None, str]]) -> frozenset[str]:
        """Return the stages of confirmed runs (configuration, keys, label) that later phases may continue."""
        return frozenset()

    def timing(self, configs: Sequence[Any]) -> Timing | None:
        """Return the durations of runs with these configurations, the baseline first; None where unknown."""
        return None

    def keep_best(
        self, rows: Sequence[RunRow], models: Path, folder: Path, say: Callable[[str], None]
    ) -> RunRow | None:
        """Put the best available model into `folder` and return its run; `say` announces slow steps."""
        return None
