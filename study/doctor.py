"""The command `python -m study.doctor`: verifies the stage store, entry by entry, and repairs it.

What is wrong with a store never makes a result wrong: a damaged entry is found when it is read, and computed again.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from results import DEFAULT_STORAGE

CLEAN, BAD_ARGUMENTS, FAULTS = 0, 2, 3

EPILOG = """exit codes: 0 nothing wrong, or all of it repaired; 2 bad arguments; 3 faults that --fix would repair
example:    python -m study.doctor --store runs/store --fix"""


class NoStore(Exception):
    """There is no stage store where one was looked for."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m study.doctor",
        description="Verify every entry of a stage store by its hash.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--store", type=Path, metavar="DIR", help="the store's folder, such as runs/store")
    result.add_argument("--name", help="the store of this study, in place of --store")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help=f"default: {DEFAULT_STORAGE}")
    result.add_argument("--fix", action="store_true", help="set damaged entries aside, delete what was left half done")
    result.add_argument("--json", action="store_true", help="print the same as data")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    # Here, not above: --help needs none of it.
    from results.errors import ResultsError

    try:
        if (options.store is None) == (options.name is None):
            raise NoStore("Say which store: its folder with --store DIR, or that of a study with --name N.")
        found = examine(options.store or store_of(options.storage, options.name), fix=options.fix)
    except (NoStore, ResultsError) as error:
        print(error, file=sys.stderr)
        return BAD_ARGUMENTS
    print(json.dumps(found, indent=2) if options.json else _told(found))
    return FAULTS if found["faults"] and not found["fixed"] else CLEAN


def store_of(storage: str, name: str) -> Path:
    """The folder of a study's store. `NoStore` where it shares nothing."""
    from results.records import open_database
    from results.stages import STORE

    with open_database(storage, create=False) as database:
        noted = database.require_study(name).decisions_json.get(STORE)
    if noted is None:
        raise NoStore(f"Study '{name}' has no stage store: it was launched with --no-share, or before there was one.")
    return Path(noted["folder"])


def examine(folder: Path, *, fix: bool) -> dict[str, Any]:
    """Verify the store in `folder`, and repair it if `fix`: what was found, as JSON data."""
    from mtbert.stage_store.store import StageStore

    if not _is_store(folder):
        raise NoStore(f"{folder} is no stage store. A study's store lies beside its folder: runs/store by default.")
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
    """Whether all that is in a folder could be a store's."""
    if not folder.is_dir():
        return False
    return all(re.fullmatch(r"claims|damaged|[0-9a-f]{2}", path.name) for path in folder.iterdir())


def _told(found: dict[str, Any]) -> str:
    lines = [f"{found['store']}: {found['entries']:,} entries, {found['bytes'] / 1e6:,.0f} MB"]
    lines += [f"  {fault['key'][:16]}  {fault['message']}" for fault in found["faults"]]
    count = len(found["faults"])
    if not count:
        return "\n".join([*lines, "Every entry is what was written."])
    if found["fixed"]:
        return "\n".join([*lines, f"{count} repaired: damaged entries lie in {found['store']}/damaged."])
    return "\n".join([*lines, f"{count} faulty. They are computed again when needed; --fix clears them away now."])


if __name__ == "__main__":
    sys.exit(main())
