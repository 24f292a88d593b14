"""The settings of a study: each declared once, as a field with its flag."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from mtbert.random_streams import derive
from results.database.rows import CONSECUTIVE_SEEDS
from search_spaces.output import plain
from study.flags import flag

MAIN_TASKS = ("sst", "quora", "sts")
MTBERT, REHEARSAL = "mtbert", "rehearsal"  # trainers; a custom one is package.module:function
RETRIES = 2  # per run, after its worker died
FEWEST_SEEDS = 2  # with a spread
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"  # of a study: the name of its folder, which is no path
MOST_SEED = 2**62  # further seeds are a little larger, and an integer column of a database ends at 2**63
STORE = "store"  # the stage store's folder, beside those of the studies
PHASES = ("search", "confirm", "ablate", "test", "report")
DESIGNS = ("screen", "leave_one_out", "one_at_a_time", "add_one_in", "pairs", "factorial", "path")  # of an ablation
SCREEN_SEEDS = 2  # of a screen, whose many configurations replace seeds
SINGLE_CHANGES = ("leave_one_out", "one_at_a_time")  # the default designs


class SettingsError(Exception):
    """A flag with a value that cannot be used; the message has the value, the reason and the way out."""

    def __str__(self) -> str:
        return plain(super().__str__())


@dataclass(frozen=True)
class Budget:
    """The size of a study: defaults of the flags of the same names. `train_examples`, `dev_examples` None: all."""

    trials: int
    seeds: int
    epochs: int
    train_examples: int | None
    dev_examples: int | None
    confirm: int
    ablations: int


BUDGETS: Mapping[str, Budget] = {
    "smoke": Budget(4, 2, 1, 64, 48, confirm=1, ablations=3),
    "quick": Budget(12, 3, 2, 56, 56, confirm=2, ablations=4),
    "standard": Budget(40, 5, 3, 2000, None, confirm=5, ablations=30),
    "full": Budget(120, 5, 5, None, None, confirm=5, ablations=1000),
}
BY_BUDGET = "set by --budget"


_SIZES = "; ".join(f"{name}: {b.trials} trials, {b.seeds} seeds, epochs: {b.epochs}" for name, b in BUDGETS.items())


def _words(*words: str) -> dict[str, str]:
    """Return choices whose values are the words themselves."""
    return {word: word for word in words}


def _in_usual_order(tasks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks in their usual order, so that the order on the command line has no effect."""
    order = {task: place for place, task in enumerate(MAIN_TASKS)}
    return tuple(sorted(tasks, key=lambda task: (order.get(task, len(order)), task)))


def spaced_counts(first: int, last: int, *, each_seed: bool = False) -> list[int]:
    """Return numbers of seeds from `first` to `last`, each half as much again as the one before: 3, 5, 8, 12, 18.

    An analysis needs two seeds. Few analyses leave more of the error to each of them.
    """
    counts = [max(first, FEWEST_SEEDS)]
    while counts[-1] < last:
        counts.append(min(counts[-1] + (1 if each_seed else (counts[-1] + 1) // 2), last))
    return counts


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a study, all resolved; a resumed study keeps those with `Flag.fixed`.

    Three have no flag: `margin` is the equivalence margin in the score's unit (None: the unit's default), `fresh_seeds`
    the rule that derives the seeds of confirm and ablate from `seed`, `analyses` the rule of `analyses_after`.
    """

    name: str = flag(
        "name of the study; an existing study is resumed, and none of its finished runs is repeated",
        "names and resuming", public=True, shown="derived from space, data and backbone",
    )  # fmt: skip
    space: str = flag(
        "search space: a name that `python -m search_spaces` lists, or a Python file",
        "space and data", "NAME|FILE", default="full_ablation", public=True, fixed="study",
    )  # fmt: skip
    data: str = flag(
        "a built-in demonstration set, the Hugging Face hub, a saved copy of it, or a folder in the course's layout",
        "space and data", "demo|hub|hub:DIR|DIR", default="demo", public=True, fixed="runs",
    )  # fmt: skip
    strict_data: bool = flag("fail on a bad row of the data instead of dropping it", "space and data", default=False)
    tasks: tuple[str, ...] = flag(
        "tasks to train on", "space and data", "A,B,...", default=MAIN_TASKS, read=_in_usual_order, fixed="runs"
    )
    pins: tuple[str, ...] = flag(
        "keep a factor of the space at one level; repeatable", "space and data", "FACTOR=LEVEL",
        default=(), name="set", read=lambda pins: tuple(sorted(set(pins))), public=True, fixed="study",
    )  # fmt: skip
    backbone: str = flag(
        "pretrained encoder: minilm, tiny, bilstm, a model of the Hugging Face hub, or a folder",
        "model", "NAME|DIR", default="minilm", public=True, fixed="runs",
    )  # fmt: skip
    layers: int | None = flag(
        "use only the first L layers of the backbone", "model", "L", default=None, shown="all", least=1, fixed="runs"
    )
    precision: Literal["float32", "bfloat16"] = flag(  # mtbert.config has the same; this file needs no torch
        "number format of training; auto selects bfloat16 where the processor supports it",
        "model", default="float32", choices=_words("float32", "bfloat16", "auto"), fixed="runs",
    )  # fmt: skip
    compiled: bool = flag(
        "compile the encoder's layers; auto compiles on a GPU if runs have enough steps to repay it", "model",
        default=False, name="compile", choices={"off": False, "on": True, "auto": "auto"}, shown="off", fixed="runs",
    )  # fmt: skip
    trainer: str = flag(
        "train a custom model: a function of (configuration, seed, report); see docs/own_model.md", "model",
        "MODULE:FUNCTION|FILE.py:FUNCTION", default=MTBERT, shown="multitask BERT", public=True, fixed="runs",
    )  # fmt: skip
    sampler: Literal["tpe", "nsga2", "random", "grid"] = flag(
        "algorithm that proposes the trials", "search", default="tpe", choices=_words("tpe", "nsga2", "random", "grid")
    )
    pruner: Literal["median", "asha", "none"] = flag(
        "rule that stops weak trials early", "search", default="median", choices=_words("median", "asha", "none")
    )
    objectives: tuple[str, ...] = flag(
        "what the search optimizes: score, trainable_parameters, train_seconds, inference_ms, sst_accuracy, "
        "quora_accuracy, sts_pearson, TASK.METRIC, or a cost of a custom trainer; append :lower or :higher to change "
        "the usual direction", "search", "A,B,...", default=("score",), fixed="study",
    )  # fmt: skip
    seed: int = flag(
        "random seed of the search; the fresh seeds of confirm and ablate are derived from it",
        "search", "S", default=0, least=0, most=MOST_SEED, fixed="runs",
    )  # fmt: skip
    budget: str = flag(
        f"preset for the size of the study, which other flags override ({_SIZES})",
        "budget", default="quick", choices=_words(*BUDGETS), public=True,
    )  # fmt: skip
    trials: int = flag("number of search trials", "budget", "N", shown=BY_BUDGET, least=1, public=True)
    confirm: int = flag(
        "number of the search's best configurations that are run again with fresh seeds",
        "budget", "N", shown=BY_BUDGET, least=1,
    )  # fmt: skip
    seeds: int = flag(
        "fresh seeds per configuration in confirm and ablate", "budget", "K", shown=BY_BUDGET, least=1, public=True
    )
    max_seeds: int | None = flag(
        "add seeds, up to N per configuration, while a row's verdict is open",
        "budget", "N", default=None, shown="no further seeds",
    )  # fmt: skip
    smaller_than: float = flag(
        "a report's claim is smaller than printed if its difference is surely below this share of the printed one",
        "budget", "C", default=0.5, above=0, most=1,
    )  # fmt: skip
    epochs: int = flag("training epochs per run", "budget", "E", shown=BY_BUDGET, least=1, fixed="runs")
    learning_rate_times: float = flag(
        "multiply every learning rate by F; short runs need larger rates than a space is written for",
        "budget", "F", default=1.0, above=0, fixed="runs",
    )  # fmt: skip
    train_examples: int | None = flag(
        "training examples per task", "budget", "N", shown=BY_BUDGET, least=1, fixed="runs"
    )
    vary: Literal["none", "train"] = flag(
        "train: every seed draws its own training examples, so that intervals cover other training sentences; "
        "needs --train-examples below the number of rows",
        "budget", default="none", choices=_words("none", "train"), fixed="runs",
    )  # fmt: skip
    dev_examples: int | None = flag(
        "dev examples per task that decide; the search reads half as many others",
        "budget", "N", shown=BY_BUDGET, least=1, fixed="runs",
    )  # fmt: skip
    fixed_pretraining_seed: bool = flag(
        "use one seed for the stages before multitask training: faster, but intervals leave out their variation",
        "budget", default=False, fixed="runs",
    )  # fmt: skip
    phases: tuple[str, ...] = flag(
        "phases to run", "budget", "A,B,...", default=PHASES, known=PHASES, read=lambda names: (*dict.fromkeys(names),)
    )
    designs: tuple[str, ...] = flag(
        f"experiments of the ablation, in the order in which they use up --ablations and their rows are tested: "
        f"{', '.join(DESIGNS)}",
        "budget", "A,B,...", default=SINGLE_CHANGES, known=DESIGNS,
    )  # fmt: skip
    ablations: int = flag(
        "configurations that the ablation may run beside the best", "budget", "N", shown=BY_BUDGET, least=0
    )
    references: bool = flag(
        "also train the best configuration on each task alone, to measure the effect of sharing an encoder",
        "budget", default=False,
    )  # fmt: skip
    import_from: str | None = flag(
        "start a new study (--name NEW) with the finished runs of study OLD that fit its space",
        "names and resuming", "OLD", default=None, fixed="study",
    )  # fmt: skip
    out: str = flag("folder for the folders of the studies", "output", "DIR", default="runs")
    share: bool = flag(
        f"reuse the stages of other runs, stored in DIR/{STORE} of --out; on by default", "machine", default=True
    )
    store_gb: float = flag(
        "size limit of the shared stages, in GB", "machine", "GB", default=10.0, above=0,
        way_out="To run without a store: --no-share",
    )  # fmt: skip
    margin: float | None = None
    fresh_seeds: Literal["derived", "consecutive"] = "derived"
    analyses: Literal["spaced", "each seed"] = "spaced"

    def as_json(self) -> dict[str, Any]:
        """Return the settings for the database, with `analyses_after` and `seed_list`, all seeds that a row may get."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        seeds = self.seeds_of(self.max_seeds or self.seeds)
        return {**values, "analyses_after": self.analyses_after(), "seed_list": seeds}

    def seeds_of_design(self, design: str) -> int:
        """Return the number of seeds of a design's configurations: those of a screen have two at most."""
        return min(self.seeds, SCREEN_SEEDS) if design == "screen" else self.seeds

    def analyses_after(self) -> list[int]:
        """Return the numbers of seeds after which a table is analysed; older studies were analysed after each seed."""
        return spaced_counts(self.seeds, self.max_seeds or self.seeds, each_seed=self.analyses == "each seed")

    def seeds_of(self, count: int) -> list[int]:
        """Return the first `count` fresh seeds, the same for every configuration so that differences are paired.

        Each is the upper 31 bits of a hash of `seed`, so that studies with different seeds share none, and none is
        `seed` itself, which the search used. Older studies have `consecutive` ones, from `seed` + 1000.
        """
        if self.fresh_seeds == "consecutive":
            return [self.seed + CONSECUTIVE_SEEDS + i for i in range(count)]
        seeds, draws = list[int](), itertools.count()
        while len(seeds) < count:
            if (drawn := derive(self.seed, "fresh", next(draws)) >> 32) not in (self.seed, *seeds):
                seeds.append(drawn)
        return seeds

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Return the settings that `as_json` wrote; fields of other releases are ignored."""
        data = {"fresh_seeds": "consecutive", "analyses": "each seed", **data}
        lists = {key: tuple(dict.fromkeys(value)) for key, value in data.items() if isinstance(value, list)}
        return cls(**{one.name: {**data, **lists}[one.name] for one in fields(cls) if one.name in data})


@dataclass(frozen=True)
class Limits:
    """Limits of a launch (`study_seconds`) and of each run: its seconds, its resident memory; None: no limit.

    A run whose worker died is restarted up to `retries` times per launch; a run that failed otherwise is not.
    """

    study_seconds: float | None = None
    run_seconds: float | None = None
    run_bytes: int | None = None
    retries: int = RETRIES
