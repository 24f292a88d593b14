"""The command `python -m study.doctor`: find and repair faults in a study's records and its stage store.

A damaged store never makes a result wrong: a damaged entry is detected when it is read, and computed again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from results.database.defaults import DEFAULT_STORAGE
from search_spaces import output
from search_spaces.output import plain

CLEAN, BAD_ARGUMENTS, FAULTS = 0, 2, 3

EPILOG = """exit codes: 0 no faults left, 2 bad arguments, 3 faults that --fix would repair
example:    python -m study.doctor --store runs/store --fix"""


class BadArguments(Exception):
    """Arguments that name nothing to check."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m study.doctor",
        description="Check a study's records and its stage store for faults, and repair them with --fix.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--store", type=Path, metavar="DIR", help="folder of a stage store, e.g. runs/store")
    result.add_argument("--name", help="name of the study whose records and stage store are checked")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help="database URL; default: %(default)s")
    result.add_argument(
        "--fix", action="store_true", help="repair what can be repaired; finished runs are never deleted"
    )
    result.add_argument("--json", action="store_true", help="print the same as one JSON object")
    result.add_argument("--debug", action="store_true", help="show the tracebacks of errors")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    from results.errors import ResultsError  # not needed for --help

    try:
        if (options.store is None) == (options.name is None):
            raise BadArguments("Choose what to check: a study with --name N, or a stage store with --store DIR.")
        report = examine(options.store, fix=options.fix) if options.store else _examine_study(options)
    except (BadArguments, ResultsError) as error:
        print(plain(str(error)), file=sys.stderr)
        return BAD_ARGUMENTS
    output.print_object(json.dumps(report, indent=2) if options.json else plain(_as_text(report)))
    records = [finding for finding in report.get("records", []) if finding["fixable"] and finding["done"] is None]
    entries = report.get("faults") and not report["fixed"]
    return FAULTS if entries or records else CLEAN


def _examine_study(options: argparse.Namespace) -> dict[str, Any]:
    """Examine a study's records, and its store if it is on this machine."""
    from results.database.url import foreign_rows
    from study import diagnosis

    with foreign_rows(options.storage, debug=options.debug):
        records = diagnosis.examine(options.storage, options.name, fix=options.fix)
    report: dict[str, Any] = {"study": options.name, "records": records}
    if not any(finding["kind"] == "old_schema" and finding["done"] is None for finding in records):
        folder = store_of(options.storage, options.name)
        if folder is not None and folder.is_dir():
            report |= examine(folder, fix=options.fix)
    return report


def _as_text(report: dict[str, Any]) -> str:
    lines = []
    for finding in report.get("records", []):
        done = finding["done"] or ("--fix repairs it" if finding["fixable"] else None)
        lines.append(f"{finding['kind']}: {finding['message']}" + (f" -> {done}" if done else ""))
    if "records" in report and not lines:
        lines.append(f"{report['study']}: its records agree with each other.")
    if "store" in report:
        lines.append(f"{report['store']}: {report['entries']:,} entries, {report['bytes'] / 1e6:,.0f} MB")
        lines += [f"  {fault['key'][:16]}  {fault['message']}" for fault in report["faults"]]
        count = len(report["faults"])
        if not count:
            lines.append("No entry is damaged.")
        elif report["fixed"]:
            lines.append(f"{count} repaired: damaged entries are in {report['store']}/damaged.")
        else:
            lines.append(f"{count} faulty: they are computed again when needed, and --fix removes them now.")
    return "\n".join(lines)


def store_of(storage: str, name: str) -> Path | None:
    """Return the folder of a study's store; None where it has none."""
    from results.database.database import open_database
    from results.measurements.stages import STORE

    with open_database(storage, create=False) as database:
        note = database.studies.require(name).decisions_json.get(STORE)
    folder = note.get("folder") if isinstance(note, dict) else None
    return Path(folder) if isinstance(folder, str) else None


def examine(folder: Path, *, fix: bool) -> dict[str, Any]:
    """Verify the store in `folder`, repair it if `fix`, and return its faults as JSON data.

    Raises:
        BadArguments: the folder is not a stage store.
    """
    from mtbert.stage_store.store import StageStore

    if not _is_store(folder):
        raise BadArguments(
            f"{folder} is not a stage store. A study's store is beside its folder, by default runs/store."
        )
    store = StageStore(folder)
    entries = len(store.keys())
    faults = store.verify(repair=fix)
    remaining = store.verify() if fix else faults
    return {
        "store": str(folder),
        "entries": entries,
        "bytes": store.size(),
        "faults": [{"key": fault.key, "message": fault.message} for fault in faults],
        "fixed": fix and not remaining,
    }


def _is_store(folder: Path) -> bool:
    """Return whether all files in a folder can be a store's, since a repair deletes other ones.

    A running study may delete files of the store meanwhile.
    """
    from mtbert.stage_store.store import CLAIMS, DAMAGED, FEATURES, is_own

    if not folder.is_dir() or folder.is_symlink():
        return False
    for path in folder.iterdir():
        expected = path.name in (CLAIMS, DAMAGED, FEATURES) or re.fullmatch(r"[0-9a-f]{2}", path.name)
        if not expected or path.is_symlink() or not path.is_dir():
            return False
        if not all(is_own(entry) or not os.path.lexists(entry) for entry in path.iterdir()):
            return False
    return True


if __name__ == "__main__":
    sys.exit(output.last(main()))
