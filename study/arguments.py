"""The arguments of `study.launch`; light, so that --help is instant."""

from __future__ import annotations

import argparse
from typing import Any

from mtbert.data import dropped
from results import DEFAULT_STORAGE
from study.functions import spelled
from study.settings import (
    BUDGETS,
    DESIGNS,
    MAIN_TASKS,
    PHASES,
    REHEARSAL,
    RETRIES,
    SINGLE_CHANGES,
    STORE,
    Limits,
    SettingsError,
)

# What --rehearse-faults may plant: the reasons of `study.messages`, a worker that ends by itself, one that hangs.
FAULTS = ("nan_loss", "error", "out_of_memory", "exit", "hang")

EPILOG = """exit codes: 0 done, 2 bad arguments or configuration, 3 ended with failed runs, 130 interrupted
example:    python -m study.launch --space pooling --data ~/cs224n/data --budget standard --plan"""


def parser() -> argparse.ArgumentParser:
    """All flags of `python -m study.launch`."""
    result = argparse.ArgumentParser(
        prog="python -m study.launch",
        description="Search a space of modelling choices, confirm the best, ablate it, and write a report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _what(result.add_argument_group("what is studied"))
    _how_much(result.add_argument_group("how much"))
    _where(result.add_argument_group("where"))
    return result


def _what(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--space", metavar="NAME_OR_FILE", help="default: full_ablation; see python -m search_spaces")
    group.add_argument(
        "--data",
        metavar="demo|hub|hub:DIR|DIR",
        help="made-up data (default), the hub, what was saved of it, or a course folder",
    )
    group.add_argument("--strict-data", action="store_true", default=None, help="a bad row is an error, not dropped")
    group.add_argument(dropped.FLAG, action="store_true", help=dropped.HELP)
    group.add_argument("--backbone", metavar="NAME", help="minilm (default), tiny, a hub name, or a folder")
    group.add_argument(
        "--layers", type=int, metavar="L", help="the first L layers of the backbone, the rest left out; default: all"
    )
    group.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "auto"),
        help="what models compute in; auto: bfloat16 where the processor has it; default: float32",
    )
    group.add_argument(
        "--compile",
        choices=("off", "on", "auto"),
        help="compile the encoder's layers; auto: on a GPU, where a run has steps enough to repay it; default: off",
    )
    group.add_argument("--tasks", metavar="A,B,...", help=f"default: {','.join(MAIN_TASKS)}")
    group.add_argument("--set", metavar="FACTOR=LEVEL", action="append", help="keep a factor at one level; repeatable")
    group.add_argument("--sampler", choices=("tpe", "nsga2", "random", "grid"), help="default: tpe")
    group.add_argument(
        "--objectives",
        metavar="A,B,...",
        help="what the search optimizes: score (default), trainable_parameters, train_seconds, inference_ms, "
        "sst_accuracy, quora_accuracy, sts_pearson, TASK.METRIC, or a cost of a trainer of your own; with :lower or "
        ":higher where that is not usual",
    )
    group.add_argument("--pruner", choices=("median", "asha", "none"), help="default: median")
    group.add_argument("--seed", type=int, help="default: 0")
    trainer = group.add_mutually_exclusive_group()
    trainer.add_argument(
        "--trainer",
        metavar="MODULE:FUNCTION|FILE.py:FUNCTION",
        help="study a model of your own: a function (configuration, seed, report); see docs/own_model.md",
    )
    trainer.add_argument(
        "--rehearse",
        action="store_true",
        help="train nothing: a planted response surface answers in milliseconds, to try a space with",
    )
    group.add_argument(
        "--rehearse-faults", metavar="KIND=RATE,...", help="faults in so many of a rehearsal's runs, e.g. nan_loss=0.02"
    )
    group.add_argument("--rehearse-seconds", type=float, metavar="S", help="what a rehearsed run takes; default: 0.006")


def _how_much(group: argparse._ArgumentGroup) -> None:
    told = "; ".join(f"{name}: {b.trials} trials, {b.seeds} seeds, {b.epochs} epochs" for name, b in BUDGETS.items())
    group.add_argument("--budget", choices=tuple(BUDGETS), help=f"default: quick ({told})")
    group.add_argument("--trials", type=int, metavar="N", help="trials of the search")
    group.add_argument("--confirm", type=int, metavar="N", help="the best N of the search get fresh seeds")
    group.add_argument("--seeds", type=int, metavar="K", help="fresh seeds of confirm and ablate")
    group.add_argument(
        "--max-seeds",
        type=int,
        metavar="N",
        help="further seeds, one at a time up to N, for rows whose verdict is open; default: none, as many as --seeds",
    )
    group.add_argument(
        "--designs",
        metavar="A,B,...",
        help=f"what ablate runs, in this order as far as --ablations reaches, out of {', '.join(DESIGNS)}; "
        f"default: {','.join(SINGLE_CHANGES)}",
    )
    group.add_argument("--ablations", type=int, metavar="N", help="configurations that ablate may run beside the best")
    group.add_argument("--epochs", type=int, metavar="E", help="epochs of a run")
    group.add_argument(
        "--learning-rate-times",
        type=float,
        metavar="F",
        help="every learning rate of every run times F; few steps want larger rates than a space was written for",
    )
    group.add_argument("--train-examples", type=int, metavar="N", help="examples a task")
    group.add_argument("--dev-examples", type=int, metavar="N", help="examples a task that runs are judged by")
    group.add_argument(
        "--fixed-pretraining-seed",
        action="store_true",
        default=None,
        help="all seeds have the stages before multitask in common: quicker, and intervals leave their variation out",
    )
    group.add_argument(
        "--timeout", type=float, metavar="S", help="stop after so many seconds; what is finished is kept"
    )
    group.add_argument("--run-timeout", type=float, metavar="S", help="a run that takes longer fails")
    group.add_argument(
        "--memory-per-run", type=float, metavar="GB", help="a run that holds more, all processes together, fails"
    )
    group.add_argument(
        "--retries", type=int, metavar="N", default=RETRIES, help=f"of a run whose worker died; default: {RETRIES}"
    )
    group.add_argument(
        "--accept-changed-code",
        action="store_true",
        help="resume a study whose trainer's code, or whose configurations' meaning, has changed; its runs are marked",
    )
    group.add_argument(
        "--retry-failed", action="store_true", help="run the failed runs of an earlier launch of the study again"
    )
    group.add_argument(
        "--margin",
        type=float,
        metavar="POINTS",
        help="smaller differences of the score count as none, in points or in the unit that a trainer declares; "
        "default: 0.5 points, and none in another unit",
    )
    group.add_argument(
        "--references",
        action="store_true",
        default=None,
        help="train the best on each task alone as well: what sharing an encoder does to a task",
    )
    group.add_argument("--phases", metavar="A,B,...", help=f"default: {','.join(PHASES)}")
    group.add_argument("--plan", action="store_true", help="print what would run and how long it takes; run nothing")


def _where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--name", help="the study's name; an existing one is resumed")
    group.add_argument(
        "--import-from",
        metavar="OLD",
        help="begin a new study (--name NEW) with the finished runs of another that are configurations of its space",
    )
    group.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help=f"default: {DEFAULT_STORAGE}")
    group.add_argument("--out", metavar="DIR", help="where the study's folder is made; default: runs")
    group.add_argument("--engine", choices=("local", "ray"), default="local", help="default: local")
    group.add_argument("--workers", type=int, metavar="N", help="runs at a time; default: one per core or GPU")
    group.add_argument(
        "--gpus-per-run", type=float, metavar="F", help="0.25: four runs on a GPU at a time (memory is theirs to share)"
    )
    group.add_argument(
        "--ray-address", metavar="auto|HOST:PORT", help="a Ray cluster; default: Ray on this machine alone"
    )
    group.add_argument(
        "--share",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"runs take stages that others have computed from DIR/{STORE} (default), or compute all themselves",
    )
    group.add_argument("--store-gb", type=float, metavar="F", help="room for shared stages; default: 10")
    group.add_argument(
        "--track",
        metavar="mlflow:URI|tensorboard:DIR",
        action="append",
        default=[],
        help="copy every run there as it goes; repeatable; see docs/tracking.md",
    )
    group.add_argument(
        "--open",
        action="store_true",
        help="serve the report on this machine as it grows, and open it in the browser where there is a screen",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object at the end; progress goes to stderr")
    group.add_argument("--debug", action="store_true", help="show tracebacks of errors")


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line, by field of `Settings`."""
    fields = (
        "name", "space", "data", "strict_data", "backbone", "sampler", "pruner", "seed", "budget", "trials", "confirm",
        "seeds", "epochs", "train_examples", "dev_examples", "layers", "learning_rate_times", "out", "precision",
        "share", "store_gb", "fixed_pretraining_seed", "trainer", "import_from", "references", "max_seeds", "ablations",
    )  # fmt: skip
    result = {field: getattr(options, field) for field in fields if getattr(options, field) is not None}
    if options.compile is not None:
        result["compiled"] = {"off": False, "on": True}.get(options.compile, options.compile)
    if options.trainer is not None:
        result["trainer"] = spelled(options.trainer)
    if options.rehearse:
        result["trainer"] = REHEARSAL
    if options.set:
        result["pins"] = tuple(sorted(options.set))
    if options.objectives is not None:
        result["objectives"] = _names(options.objectives)
    if options.designs is not None:
        result["designs"] = _names(options.designs)
    if options.phases:
        result["phases"] = _names(options.phases)
    if options.tasks is not None:
        # In their usual order: the same tasks are the same study, however they were written.
        order = {task: place for place, task in enumerate(MAIN_TASKS)}
        result["tasks"] = tuple(sorted(_names(options.tasks), key=lambda task: (order.get(task, len(order)), task)))
    if options.import_from is not None and options.name is None:
        raise SettingsError("--import-from begins a new study, which needs a name of its own: --name NEW")
    if options.workers is not None and options.workers < 1:
        raise SettingsError(f"--workers must be at least 1, got {options.workers}.")
    return result


def limits(options: argparse.Namespace) -> Limits:
    """What the study and its runs may take."""
    for flag in ("timeout", "run_timeout", "memory_per_run"):
        value = getattr(options, flag)
        if value is not None and not 0 < value < float("inf"):
            raise SettingsError(f"--{flag.replace('_', '-')} must be above 0, got {value:g}.")
    if options.retries < 0:
        raise SettingsError(f"--retries must be at least 0, got {options.retries}.")
    room = options.memory_per_run
    return Limits(options.timeout, options.run_timeout, None if room is None else round(room * 1e9), options.retries)


def limit_flags(options: argparse.Namespace) -> list[str]:
    """What a launch must say to protect its runs as this one does: limits are no settings of the study."""
    found = []
    for flag in ("run_timeout", "memory_per_run", "retries"):
        value = getattr(options, flag)
        if value is not None and (flag, value) != ("retries", RETRIES):
            found += [f"--{flag.replace('_', '-')}", str(value)]
    return found


def faults(options: argparse.Namespace) -> dict[str, float]:
    """The rates of `--rehearse-faults`."""
    if options.rehearse_seconds is not None and not (options.rehearse and 0 <= options.rehearse_seconds < 3600):
        raise SettingsError("--rehearse-seconds goes with --rehearse, and is a number from 0 to 3600.")
    if not options.rehearse_faults:
        return {}
    if not options.rehearse:
        raise SettingsError("--rehearse-faults goes with --rehearse: faults of real runs come by themselves.")
    result = {}
    for part in _names(options.rehearse_faults):
        kind, _, rate = part.partition("=")
        try:
            result[kind] = float(rate)
        except ValueError:
            raise SettingsError(f"--rehearse-faults takes KIND=RATE, got '{part}'.") from None
        if kind not in FAULTS or not 0 <= result[kind] <= 1:
            raise SettingsError(f"--rehearse-faults: kinds are {', '.join(FAULTS)}, rates 0 to 1; got '{part}'.")
    return result


def _names(text: str) -> tuple[str, ...]:
    """The names of a list "a,b"."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
