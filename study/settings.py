"""What is asked of a study: budgets, and the settings that flags, an earlier launch and the budget add up to."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from mtbert.random_streams import derive
from results.plain import plain
from results.rows import CONSECUTIVE_SEEDS

MAIN_TASKS = ("sst", "quora", "sts")
MTBERT, REHEARSAL = "mtbert", "rehearsal"  # trainers; any other is a function, package.module:function
RETRIES = 2  # of a run whose worker died
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"  # of a study: it names a folder and cannot leave it
MOST_SEED = 2**62  # further seeds are this one and some more, and a column of a database ends at 2**63
STORE = "store"  # the stage store's folder, beside those of the studies
PHASES = ("search", "confirm", "ablate", "test", "report")
# What ablate may ask for (`study.experiments`), and what it asks for unless told otherwise.
DESIGNS = ("leave_one_out", "one_at_a_time", "add_one_in", "pairs", "factorial", "path")
SINGLE_CHANGES = ("leave_one_out", "one_at_a_time")
Sampler = Literal["tpe", "nsga2", "random", "grid"]
Pruner = Literal["median", "asha", "none"]
Precision = Literal["float32", "bfloat16"]  # mtbert.config has the same; this file needs no torch
FreshSeeds = Literal["derived", "consecutive"]


class SettingsError(Exception):
    """A flag that cannot be followed: what was given, why not, and the way out."""

    def __str__(self) -> str:
        return plain(super().__str__())


@dataclass(frozen=True)
class Budget:
    """How much a study spends. `train_examples` and `dev_examples` are per task; None takes all.

    `confirm` configurations are run again with `seeds` fresh seeds; `ablations` is the most configurations that ablate
    runs beside the best: those of `designs`, in the order of that list.
    """

    trials: int
    seeds: int
    epochs: int
    train_examples: int | None
    dev_examples: int | None
    confirm: int
    ablations: int


BUDGETS: Mapping[str, Budget] = {
    "smoke": Budget(4, 2, 1, 64, 64, confirm=1, ablations=3),
    "quick": Budget(12, 3, 2, 56, 56, confirm=2, ablations=4),
    "standard": Budget(40, 5, 3, 2000, 1000, confirm=5, ablations=30),
    "full": Budget(120, 5, 5, None, None, confirm=5, ablations=1000),
}


@dataclass(frozen=True)
class Settings:
    """Everything a launch is asked for, with nothing left open.

    What decides the meaning of runs (space, data, backbone, layers, precision, compiled, tasks, their examples, epochs,
    learning rates, seed, pins) must stay the same when a study is resumed; what decides how many runs there are, and
    where they run, may change.
    """

    name: str
    space: str
    data: str
    backbone: str
    budget: str
    trials: int
    seeds: int
    epochs: int
    train_examples: int | None
    dev_examples: int | None
    confirm: int
    ablations: int
    sampler: Sampler
    pruner: Pruner
    phases: tuple[str, ...]
    seed: int
    pins: tuple[str, ...]
    strict_data: bool
    out: str = "runs"
    tasks: tuple[str, ...] = MAIN_TASKS
    share: bool = True
    store_gb: float = 10.0
    fixed_pretraining_seed: bool = False
    precision: Precision = "float32"
    compiled: bool = False  # the encoder's layers, for the device
    layers: int | None = None  # the encoder's first so many; None: all
    learning_rate_times: float = 1.0  # every learning rate of every run
    trainer: str = MTBERT
    objectives: tuple[str, ...] = ("score",)
    margin: float | None = None  # in the score's own unit; smaller differences count as none. None: the unit's own
    import_from: str | None = None
    references: bool = False  # the best on each task alone as well
    max_seeds: int | None = None  # of rows whose verdict is open; None: all have `seeds`
    designs: tuple[str, ...] = SINGLE_CHANGES
    fresh_seeds: FreshSeeds = "derived"  # how the seeds of confirm and ablate follow from `seed`; no flag

    def as_json(self) -> dict[str, Any]:
        """For the database; `from_json` reads it back. `seed_list`: all fresh seeds that its rows may get."""
        lists = {key: list(getattr(self, key)) for key in ("phases", "pins", "tasks", "objectives", "designs")}
        return {**asdict(self), **lists, "seed_list": self.seeds_of(self.max_seeds or self.seeds)}

    def seeds_of(self, count: int) -> list[int]:
        """The first `count` seeds of confirm and ablate: others than `seed`, by which the search chose.

        Each by hash of `seed`, as random streams are, so that studies with other seeds share none; of the hash the
        upper 31 bits, which can be read, typed, and held by a browser. The `consecutive` ones of older studies began
        at `seed` + 1000: those of the seeds 0 and 1 shared all but one.
        """
        if self.fresh_seeds == "consecutive":
            return [self.seed + CONSECUTIVE_SEEDS + i for i in range(count)]
        hashed = (derive(self.seed, "fresh", i) >> 32 for i in itertools.count())
        return list(itertools.islice(_once(hashed, self.seed), count))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """What `as_json` wrote; fields of other releases are left out, and an older study keeps its fresh seeds."""
        known = {field.name for field in fields(cls)}
        data = {"fresh_seeds": "consecutive", **data}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return cls(**values)


def _once(seeds: Iterable[int], other: int) -> Iterator[int]:
    """Each seed the first time it comes, and `other` never."""
    seen = {other}
    for seed in seeds:
        if seed not in seen:
            seen.add(seed)
            yield seed


@dataclass(frozen=True)
class Limits:
    """What a study and each of its runs may take; None: any amount.

    `study_seconds` of the launch, `run_seconds` and `run_bytes` (resident memory) of a run. A run whose worker died is
    started again up to `retries` times in a launch; one that failed for a reason of its own is not.
    """

    study_seconds: float | None = None
    run_seconds: float | None = None
    run_bytes: int | None = None
    retries: int = RETRIES


# Changing one of these would put runs of two meanings under one name.
_LASTING = (
    "space", "data", "backbone", "layers", "precision", "compiled", "epochs", "learning_rate_times", "train_examples",
    "dev_examples", "seed", "pins", "tasks", "fixed_pretraining_seed", "trainer", "objectives", "import_from",
)  # fmt: skip
# Of these, what may differ between a study and another that begins with its runs: none of them is in a configuration,
# and what a search optimizes is read from what was measured.
_NOT_IN_RUNS = ("space", "pins", "objectives", "import_from")

_DEFAULTS: Mapping[str, Any] = {
    "space": "full_ablation",
    "data": "demo",
    "backbone": "minilm",
    "budget": "quick",
    "sampler": "tpe",
    "pruner": "median",
    "phases": PHASES,
    "seed": 0,
    "pins": (),
    "strict_data": False,
}


def resolve(given: Mapping[str, Any], stored: Settings | None, imported: Settings | None = None) -> Settings:
    """Flags given, over the settings of an earlier launch of the same name, over the budget's.

    `given` maps a field of `Settings` to its value for the flags that stand on the command line. A new study that
    begins with the runs of another has that one's settings, `imported`, below its flags. Raises `SettingsError` where a
    resumed study or the runs would change their meaning, and for values out of range.
    """
    if stored is not None:
        given = {key: value for key, value in given.items() if key != "name"}
        changed = [key for key in _LASTING if key in given and given[key] != getattr(stored, key)]
        if changed:
            told = "; ".join(f"{key} is {getattr(stored, key)!r} there, {given[key]!r} here" for key in changed)
            raise SettingsError(
                f"Study '{stored.name}' exists with other settings: {told}.\n"
                f"Resume it without these flags, or choose another name: --name {stored.name}-2"
            )
        budget = _budget_values(given["budget"], stored) if "budget" in given else {}
        settings = replace(stored, **{**budget, **given})
        _check_looks(settings, stored)
    elif imported is not None:
        settings = _with_runs_of(imported, given)
    else:
        settings = _new(given)
    _check(settings)
    return replace(settings, max_seeds=None) if settings.max_seeds == settings.seeds else settings


def _check_looks(settings: Settings, stored: Settings) -> None:
    """What each look may spend of the error was fixed before the first one; it cannot be spent again."""
    if stored.max_seeds is None or (settings.seeds, settings.max_seeds) == (stored.seeds, stored.max_seeds):
        return
    raise SettingsError(
        f"Study '{stored.name}' looks at its rows after {stored.seeds} to {stored.max_seeds} seeds; its error rate "
        f"rests on that being fixed before the first look.\n"
        f"Resume it with --seeds {stored.seeds} and --max-seeds {stored.max_seeds}, or choose another name: "
        f"--name {stored.name}-2"
    )


def _with_runs_of(imported: Settings, given: Mapping[str, Any]) -> Settings:
    means = [key for key in _LASTING if key not in _NOT_IN_RUNS]
    changed = [key for key in means if key in given and given[key] != getattr(imported, key)]
    if changed:
        told = "; ".join(f"{key} is {getattr(imported, key)!r} there, {given[key]!r} here" for key in changed)
        raise SettingsError(
            f"The runs of study '{imported.name}' were made with other settings: {told}.\n"
            f"Leave these flags out, or begin without its runs: leave out --import-from"
        )
    budget = _budget_values(given["budget"], imported) if "budget" in given else {}
    return replace(imported, **{**budget, **given})


def _new(given: Mapping[str, Any]) -> Settings:
    trainer = given.get("trainer", MTBERT)
    if trainer not in (MTBERT, REHEARSAL) and "space" not in given:
        raise SettingsError(
            f"--trainer {trainer} needs --space: the default, {_DEFAULTS['space']}, has the factors of multitask BERT, "
            "which this trainer does not know. Name the file with your space: --space my_space.py (docs/own_model.md "
            "shows one)."
        )
    chosen = {**_DEFAULTS, **given}
    budget = BUDGETS[chosen["budget"]]
    name = given.get("name") or default_name(given)
    return Settings(**{**asdict(budget), **chosen, "name": name})


def _budget_values(budget: str, stored: Settings) -> dict[str, Any]:
    """Another budget on an existing study adds trials and seeds; it cannot change what its runs mean."""
    return {key: value for key, value in asdict(BUDGETS[budget]).items() if key not in _LASTING}


def default_name(given: Mapping[str, Any]) -> str:
    """A name made from space, data and backbone, and from the tasks unless they are the main three.

    E.g. "full_ablation-demo-minilm", "heads-demo-tiny-quora_sts"; `given` as for `resolve`.
    """
    space, data, backbone = (str(given.get(key, _DEFAULTS[key])) for key in ("space", "data", "backbone"))
    parts = (space.removesuffix(".py").rstrip("/").split("/")[-1], data.rstrip("/"), backbone.rstrip("/"))
    words = [part.split("/")[-1] if part.split("/")[-1] != "data" else _folder_above(part) for part in parts]
    trainer = given.get("trainer", MTBERT)
    words = words if trainer == MTBERT else [words[0], re.sub(r"[^A-Za-z0-9_]+", "_", _module_and_function(trainer))]
    tasks = given.get("tasks", MAIN_TASKS)
    words += [] if tasks == MAIN_TASKS else ["_".join(tasks)]
    return "-".join(re.sub(r"[^A-Za-z0-9._]+", "_", word).strip("._") or "x" for word in words)


def _module_and_function(trainer: str) -> str:
    """ "models:train" of "my.models:train" and of "my/models.py:train"."""
    where, _, function = trainer.rpartition(":")
    return f"{where.removesuffix('.py').replace('/', '.').rpartition('.')[2]}:{function}"


def _folder_above(path: str) -> str:
    """`shared/data` is called after the folder above it: half of all data folders are called data."""
    above = [part for part in path.split("/") if part not in ("", ".", "..")]
    return "_".join(above[-2:])


def _check(settings: Settings) -> None:
    """Refuse what no study could be: names that leave the folder, counts below one, unknown phases."""
    if not re.fullmatch(NAME, settings.name):
        raise SettingsError(
            f"A study's name has letters, digits, '.', '_' and '-', and starts with a letter or digit; "
            f"got '{settings.name}'. Choose one: --name my-study"
        )
    if settings.name == STORE:
        raise SettingsError(f"The folder '{STORE}' is that of the stage store; choose another name: --name {STORE}-1")
    if not (settings.store_gb > 0 and math.isfinite(settings.store_gb)):
        raise SettingsError(
            f"--store-gb must be above 0, got {settings.store_gb:g}. Without a store, nothing is shared: --no-share"
        )
    for key in ("trials", "seeds", "epochs", "layers", "train_examples", "dev_examples", "confirm"):
        value = getattr(settings, key)
        if value is not None and value < 1:
            raise SettingsError(f"--{key.replace('_', '-')} must be at least 1, got {value}.")
    if settings.max_seeds is not None and settings.max_seeds < settings.seeds:
        raise SettingsError(
            f"--max-seeds must be at least --seeds, which is {settings.seeds}, got {settings.max_seeds}."
        )
    if not (settings.learning_rate_times > 0 and math.isfinite(settings.learning_rate_times)):
        raise SettingsError(f"--learning-rate-times must be above 0, got {settings.learning_rate_times:g}.")
    if not 0 <= settings.seed <= MOST_SEED:
        raise SettingsError(f"--seed must be at least 0 and at most 2**62 ({MOST_SEED}), got {settings.seed}.")
    if not settings.tasks or len(set(settings.tasks)) < len(settings.tasks):
        raise SettingsError(f"--tasks takes each task once, got '{','.join(settings.tasks)}'.")
    unknown = [phase for phase in settings.phases if phase not in PHASES]
    if unknown or not settings.phases:
        raise SettingsError(f"No phase named '{', '.join(unknown)}'. Phases: {', '.join(PHASES)}.")
    _check_designs(settings.designs, settings.ablations)


def _check_designs(designs: tuple[str, ...], ablations: int) -> None:
    if ablations < 0:
        raise SettingsError(f"--ablations must be at least 0, got {ablations}.")
    strangers = [design for design in designs if design not in DESIGNS]
    if strangers:
        raise SettingsError(f"No design named '{', '.join(strangers)}'. Designs: {', '.join(DESIGNS)}.")
    if not designs or len(set(designs)) < len(designs):
        given = ",".join(designs)
        raise SettingsError(f"--designs takes each of {', '.join(DESIGNS)} at most once, got '{given}'.")
