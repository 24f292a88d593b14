"""What every trainer is: the half that lives in the driver, and the name of the half that workers run."""

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
    """What a run trains, seed included; equal ones have equal digests, whatever their seeds."""

    @property
    def seed(self) -> int:
        """The run's seed."""
        ...

    def digest(self) -> str:
        """64 hex digits."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the configuration as JSON data (`mode="json"`)."""
        ...

    def with_seed(self, seed: int) -> Self:
        """Return the same with another seed."""
        ...


@dataclass(frozen=True)
class StudyFacts:
    """What a study's record says of its data and model.

    `fingerprint` tells whether a resumed study still has the same data, `config_version` whether its configurations
    still mean the same; `code` names what runs are trained with (`study.resume.code_changes`), `code_files` are a
    custom trainer's files with their hashes; `notes` are sentences for whoever launches it; `tasks` is what the trainer
    declares of its tasks (`results.measurements.task_units`), None where they are shares of which more is better.
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
    """How long runs take, measured before the study.

    `seconds` of a run by digest, `test_seconds` of one on test, sentences that say how it is known, and `facts` for
    `--json`.
    """

    seconds: Mapping[str, float]
    test_seconds: float
    notes: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class AbstractTrainer(ABC):
    """What is trained in a study. Making one checks everything there is to check, and writes nothing.

    `space` has the study's pins applied. `worker` is the function "module:name" that carries out a job in a worker
    (`study.messages`); `preload` the modules that all workers need. `phases` are those it can do,
    `tasks` those that it can train alone as well.
    """

    name: ClassVar[str]
    worker: ClassVar[str]
    preload: ClassVar[tuple[str, ...]] = ()
    phases: ClassVar[tuple[str, ...]]
    shares: ClassVar[bool] = False  # whether its runs have stages that others can take
    # Whether all runs of a study must measure the same tasks; whether nothing but its first run shows that it can run.
    measures_alike: ClassVar[bool] = False
    first_alone: ClassVar[bool] = False
    fails_by_plan: bool = False  # whether failures are what was asked for
    tasks: tuple[str, ...] = ()
    space: Space
    facts: StudyFacts

    def devices(self) -> tuple[str, ...]:
        """Return the devices that runs may use, "cpu" alone or "cuda:0", ...; and None or a GPU's name."""
        return ("cpu",)

    def gpu(self) -> str | None:
        """Return the GPU's name, None without one."""
        return None

    @abstractmethod
    def configuration(self, choices: Choices, seed: int = 0) -> Configuration:
        """Return what a run of these choices trains."""

    def reference(self, choices: Choices, task: str, seed: int = 0) -> Configuration:
        """Return what a run of these choices trains on one task alone; `ConfigurationError` where that cannot be."""
        told = f"this trainer trains all tasks together, none alone; got {task}"
        raise ConfigurationError([Fault("tasks", told)])

    @abstractmethod
    def read(self, data: Mapping[str, Any], seed: int) -> Configuration:
        """Return the configuration that `model_dump(mode="json")` wrote."""

    @abstractmethod
    def epochs(self, config: Any) -> tuple[int, int]:
        """Return how many epochs of a run may be its last at a pruner's word, and how many it reports in all."""

    @abstractmethod
    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Make `folder` with what workers read; numbers about the data, for `study_meta.data_json`.

        `device` is that of the engine's runs, "cpu" or "cuda:0".
        """

    def examples(self) -> Sequence[ExampleRow]:
        """Return what is kept of the dev examples that runs are scored on, after `prepare`; none without sentences."""
        return ()

    def job_facts(self) -> Mapping[str, Any]:
        """Return what a worker needs beside a configuration; plain data."""
        return {}

    def keys(self, config: Any) -> ChainKeys | None:
        """Return the keys of a run's stages; None where its stages are not shared."""
        return None

    def ends_to_change(self, configs: Sequence[tuple[Any, ChainKeys | None, str]]) -> frozenset[str]:
        """Of confirmed runs (configuration, keys, label), the stages from which later phases may go on."""
        return frozenset()

    def timing(self, configs: Sequence[Any]) -> Timing | None:
        """Return how long runs of these take, the first being the baseline's; None where it is not known."""
        return None

    def keep_best(
        self, rows: Sequence[RunRow], models: Path, folder: Path, say: Callable[[str], None]
    ) -> RunRow | None:
        """Have the best run's model in `folder`, if it can be had; the run whose model stands there.

        `say` hears of what takes long.
        """
        return None
