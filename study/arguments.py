"""The arguments of `study.launch`; light, so that --help is instant."""

from __future__ import annotations

import argparse
from typing import Any

from results import DEFAULT_STORAGE
from study.settings import BUDGETS, MAIN_TASKS, PHASES, STORE, SettingsError

EPILOG = """exit codes: 0 done, 2 bad arguments or configuration, 3 finished with failed runs, 130 interrupted
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
    group.add_argument("--backbone", metavar="NAME", help="minilm (default), tiny, a hub name, or a folder")
    group.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "auto"),
        help="what models compute in; auto: bfloat16 where the processor has it; default: float32",
    )
    group.add_argument("--tasks", metavar="A,B,...", help=f"default: {','.join(MAIN_TASKS)}")
    group.add_argument("--set", metavar="FACTOR=LEVEL", action="append", help="keep a factor at one level; repeatable")
    group.add_argument("--sampler", choices=("tpe", "random"), help="default: tpe")
    group.add_argument("--pruner", choices=("median", "asha", "none"), help="default: median")
    group.add_argument("--seed", type=int, help="default: 0")


def _how_much(group: argparse._ArgumentGroup) -> None:
    told = "; ".join(f"{name}: {b.trials} trials, {b.seeds} seeds, {b.epochs} epochs" for name, b in BUDGETS.items())
    group.add_argument("--budget", choices=tuple(BUDGETS), help=f"default: quick ({told})")
    group.add_argument("--trials", type=int, metavar="N", help="trials of the search")
    group.add_argument("--seeds", type=int, metavar="K", help="fresh seeds of confirm and ablate")
    group.add_argument("--epochs", type=int, metavar="E", help="epochs of a run")
    group.add_argument("--train-examples", type=int, metavar="N", help="examples a task")
    group.add_argument(
        "--fixed-pretraining-seed",
        action="store_true",
        default=None,
        help="all seeds have the stages before multitask in common: quicker, and intervals leave their variation out",
    )
    group.add_argument("--phases", metavar="A,B,...", help=f"default: {','.join(PHASES)}")
    group.add_argument("--plan", action="store_true", help="print what would run and how long it takes; run nothing")


def _where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--name", help="the study's name; an existing one is resumed")
    group.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help=f"default: {DEFAULT_STORAGE}")
    group.add_argument("--out", metavar="DIR", help="where the study's folder is made; default: runs")
    group.add_argument("--engine", choices=("local",), default="local", help="default: local")
    group.add_argument("--workers", type=int, metavar="N", help="runs at a time; default: one per core, or per GPU")
    group.add_argument(
        "--share",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"runs take stages that others have computed from DIR/{STORE} (default), or compute all themselves",
    )
    group.add_argument("--store-gb", type=float, metavar="F", help="room for shared stages; default: 10")
    group.add_argument("--json", action="store_true", help="print one JSON object at the end; progress goes to stderr")
    group.add_argument("--debug", action="store_true", help="show tracebacks of errors")


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line, by field of `Settings`."""
    fields = (
        "name", "space", "data", "strict_data", "backbone", "sampler", "pruner", "seed", "budget", "trials", "seeds",
        "epochs", "train_examples", "out", "precision", "share", "store_gb", "fixed_pretraining_seed",
    )  # fmt: skip
    result = {field: getattr(options, field) for field in fields if getattr(options, field) is not None}
    if options.set:
        result["pins"] = tuple(sorted(options.set))
    if options.phases:
        result["phases"] = _names(options.phases)
    if options.tasks is not None:
        # In their usual order: the same tasks are the same study, however they were written.
        order = {task: place for place, task in enumerate(MAIN_TASKS)}
        result["tasks"] = tuple(sorted(_names(options.tasks), key=lambda task: (order.get(task, len(order)), task)))
    if options.workers is not None and options.workers < 1:
        raise SettingsError(f"--workers must be at least 1, got {options.workers}.")
    return result


def _names(text: str) -> tuple[str, ...]:
    """The names of a list "a,b"."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
