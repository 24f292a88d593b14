"""The command line of `study.launch`: flags of the study's settings, and options of one launch."""

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

EPILOG = """exit codes: 0 success, 2 bad arguments or configuration, 3 failed runs, 130 interrupted
example:    python -m study.launch --space pooling --data ~/cs224n/data --budget standard --plan"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one launch, which are not stored with the study; `given` are the settings on the command line."""

    given: Mapping[str, Any] = field(default_factory=dict)
    data_issues: bool = flag(dropped.HELP, "space and data", default=False)
    rehearse: bool = flag(
        "try out a space in seconds: nothing is trained, a generated response surface gives the scores",
        "model",
        default=False,
    )
    margin: float | None = flag(
        "margin of equivalent, no gain and no loss: the smallest difference that matters; in points, or in the unit "
        "that a custom trainer declares", "budget", "POINTS", default=None, shown="1 point, no margin in another unit",
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
        "number of restarts of a run whose worker process died",
        "limits", "N", default=RETRIES, least=0, repeat=True,
    )  # fmt: skip
    accept_changed_code: bool = flag(
        "resume a study whose trainer's code, or the meaning of whose configurations, has changed; the report marks "
        "the earlier runs", "names and resuming", default=False,
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
        "print the planned runs and their estimated time, and run nothing", "output", default=False, public=True
    )
    json: bool = flag("print one JSON object at the end; progress goes to stderr", "output", default=False)
    debug: bool = flag("show the tracebacks of errors", "output", default=False)

    def check(self) -> None:
        """Raise a `SettingsError` for values out of range."""
        if messages := faults(self):
            raise SettingsError("\n".join(messages))

    def limits(self) -> Limits:
        """Return the limits of the launch and of its runs."""
        gigabytes = self.memory_per_run
        return Limits(
            self.timeout, self.run_timeout, None if gigabytes is None else round(gigabytes * 1e9), self.retries
        )

    def repeated(self) -> list[str]:
        """Return the flags that a launch which resumes the study must repeat; passwords are masked."""
        from results.database.url import mask

        words: list[str] = []
        for each in declared(self):
            value = getattr(self, each.field)
            if each.flag.repeat and value != each.default:
                for element in value if isinstance(value, tuple) else (value,):
                    words += [each.option, mask(str(element))]
        return words


class _HelpAll(argparse.Action):
    """The flag that prints the help of all flags, and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        _parser(everything=True).print_help()
        parser.exit()


def _parser(*, everything: bool) -> argparse.ArgumentParser:
    """Return the parser; its help has the public flags or, with `everything`, all flags, by group."""
    parser = argparse.ArgumentParser(
        prog="python -m study.launch",
        description="Search a space of modelling choices, confirm the best, ablate it, and write a report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--help-all", action=_HelpAll, nargs=0, help="show all flags, grouped, and exit")
    groups = {name: parser.add_argument_group(name) for name in get_args(Group)}
    for each in declared(Settings, Options):
        text = each.help() if everything or each.flag.public else argparse.SUPPRESS
        groups[each.flag.group].add_argument(each.option, dest=each.field, default=None, help=text, **each.keywords())
    return parser


def help_all() -> str:
    """Return the help of all flags."""
    return _parser(everything=True).format_help()


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options of a command line; None: that of this process."""
    words = vars(_parser(everything=False).parse_args(arguments))
    settings, options = (
        {each.field: each.value(words[each.field]) for each in declared(cls) if words[each.field] is not None}
        for cls in (Settings, Options)
    )
    return Options(given=settings, **options)


def given(options: Options) -> dict[str, Any]:
    """Return the settings on the command line, by field of `Settings`.

    Raises:
        SettingsError: flags exclude each other, or one needs another.
    """
    settings = dict(options.given)
    if options.rehearse and "trainer" in settings:
        raise SettingsError(
            "--rehearse cannot be given with --trainer, because a rehearsal trains nothing. Leave out one of them."
        )
    if options.rehearse:
        settings["trainer"] = REHEARSAL
    elif "trainer" in settings:
        settings["trainer"] = normalized_name(settings["trainer"])
    if "import_from" in settings and "name" not in settings:
        raise SettingsError("--import-from starts a new study, which needs a name. Give one: --name NEW")
    return settings
