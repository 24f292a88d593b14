"""The command line of `study.launch`: flags of the study's settings, and options of one launch. Light, for --help."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from mtbert.data import dropped
from results.database.defaults import DEFAULT_STORAGE
from study.flags import Group, declared, faults, flag
from study.functions import normalized_name
from study.settings import REHEARSAL, RETRIES, Limits, Settings, SettingsError

EPILOG = """exit codes: 0 done, 2 bad arguments or configuration, 3 ended with failed runs, 130 interrupted
example:    python -m study.launch --space pooling --data ~/cs224n/data --budget standard --plan"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What holds for one launch and is not kept with the study; `given` holds the settings on the command line."""

    given: Mapping[str, Any] = field(default_factory=dict)
    data_issues: bool = flag(dropped.HELP, "space and data", default=False)
    rehearse: bool = flag(
        "train nothing: a made-up response surface answers in milliseconds, to try out a space", "model", default=False
    )
    margin: float | None = flag(
        "equivalence margin: differences of the score below it count as none; in points, or in the unit that a custom "
        "trainer declares", "budget", "POINTS", default=None, shown="0.5 points, none in another unit",
    )  # fmt: skip
    timeout: float | None = flag(
        "stop after S seconds; finished runs are kept, and the study can be resumed",
        "limits", "S", default=None, above=0, shown="no limit", public=True,
    )  # fmt: skip
    run_timeout: float | None = flag(
        "fail a run that takes longer than S seconds",
        "limits", "S", default=None, above=0, shown="no limit", repeat=True,
    )  # fmt: skip
    memory_per_run: float | None = flag(
        "fail a run whose processes hold more than GB gigabytes of memory together",
        "limits", "GB", default=None, above=0, shown="no limit", repeat=True,
    )  # fmt: skip
    retries: int = flag(
        "how often a run is restarted after its worker process died",
        "limits", "N", default=RETRIES, least=0, repeat=True,
    )  # fmt: skip
    accept_changed_code: bool = flag(
        "resume a study although its trainer's code, or the meaning of its configurations, has changed; the report "
        "marks its earlier runs", "names and resuming", default=False,
    )  # fmt: skip
    retry_failed: bool = flag("run the failed runs of earlier launches again", "names and resuming", default=False)
    engine: str = flag(
        "where runs are executed: processes on this machine, or Ray Tune", "machine",
        default="local", choices={"local": "local", "ray": "ray"}, repeat=True,
    )  # fmt: skip
    ray_address: str | None = flag(
        "address of a Ray cluster", "machine", "auto|HOST:PORT", default=None, shown="Ray on this machine", repeat=True
    )
    gpus_per_run: float | None = flag(
        "fraction of a GPU per run; 0.25 lets four runs share one GPU (memory is not partitioned)", "machine", "F",
        default=None, above=0, most=1, way_out="A run trains on one GPU, or on a part of one.", shown="1", repeat=True,
    )  # fmt: skip
    workers: int | None = flag(
        "number of runs at a time", "machine", "N", default=None, least=1, shown="one per CPU core or GPU", repeat=True
    )
    storage: str = flag("database URL (SQLite or PostgreSQL)", "output", "URL", default=DEFAULT_STORAGE)
    track: tuple[str, ...] = flag(
        "copy every run to MLflow or TensorBoard while it runs; repeatable; see docs/tracking.md",
        "output", "mlflow:URI|tensorboard:DIR", default=(), repeat=True,
    )  # fmt: skip
    open: bool = flag(
        "serve the report on this machine while the study runs, and open it in the browser",
        "output", default=False, public=True,
    )  # fmt: skip
    plan: bool = flag(
        "print what would run and how long it would take, and run nothing", "output", default=False, public=True
    )
    json: bool = flag("print one JSON object at the end; progress goes to stderr", "output", default=False)
    debug: bool = flag("show the tracebacks of errors", "output", default=False)

    def check(self) -> None:
        """Refuse values out of range: `SettingsError`."""
        if found := faults(self):
            raise SettingsError("\n".join(found))

    def limits(self) -> Limits:
        """Return the limits of the launch and of its runs."""
        held = self.memory_per_run
        return Limits(self.timeout, self.run_timeout, None if held is None else round(held * 1e9), self.retries)

    def repeated(self) -> list[str]:
        """Return the flags that a launch which resumes the study must give again; passwords are masked."""
        from results.database.url import mask

        values = {one: getattr(self, one.field) for one in declared(self) if one.flag.repeat}
        pairs = [(one.option, each) for one, value in values.items() if value != one.default for each in _each(value)]
        return [word for option, value in pairs for word in (option, mask(str(value)))]


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


class _HelpAll(argparse.Action):
    """Print the help of all flags, and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        _parser(everything=True).print_help()
        parser.exit()


def _parser(*, everything: bool) -> argparse.ArgumentParser:
    """Return the parser; its help has the flags that most studies need, or `everything`, by group."""
    made = argparse.ArgumentParser(
        prog="python -m study.launch",
        description="Search a space of modelling choices, confirm the best, ablate it, and write a report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--help-all", action=_HelpAll, nargs=0, help="show all flags, grouped, and exit")
    groups = {name: made.add_argument_group(name) for name in get_args(Group)}
    for one in declared(Settings, Options):
        shown = everything or one.flag.public
        text = one.help() if shown else argparse.SUPPRESS
        groups[one.flag.group].add_argument(one.option, dest=one.field, default=None, help=text, **one.keywords())
    return made


def help_all() -> str:
    """Return the help of all flags."""
    return _parser(everything=True).format_help()


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options of a command line (of this process: None)."""
    words = vars(_parser(everything=False).parse_args(arguments))
    settings, mine = (
        {one.field: one.value(words[one.field]) for one in declared(cls) if words[one.field] is not None}
        for cls in (Settings, Options)
    )
    return Options(given=settings, **mine)


def given(options: Options) -> dict[str, Any]:
    """Return the settings on the command line, by field of `Settings`.

    Raises:
        SettingsError: flags exclude each other, or one needs another.
    """
    settings = dict(options.given)
    if options.rehearse and "trainer" in settings:
        raise SettingsError("--rehearse trains nothing, so that it cannot be given with --trainer.")
    if options.rehearse:
        settings["trainer"] = REHEARSAL
    elif "trainer" in settings:
        settings["trainer"] = normalized_name(settings["trainer"])
    if "import_from" in settings and "name" not in settings:
        raise SettingsError("--import-from starts a new study, which needs a name: --name NEW")
    return settings
