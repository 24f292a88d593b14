"""From a number to the runs behind it: the fragment that filters the report's list of runs, and links with it.

`#runs=` and then any of, with ";" between: run ids and ranges of them ("3,7-9"), and "phase:", "status:", "cell:" or
"text:" with what the list shall have there. templates/run_filter.js reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from markupsafe import Markup

MOST_RUNS = 400  # that a link carries one by one: what counts more links to a filter, or to none


def ranges(ids: Iterable[int]) -> str:
    """Run ids, ascending, as "3,7-9"; empty for none."""
    spans: list[list[int]] = []
    for run in sorted(set(ids)):
        if spans and run == spans[-1][1] + 1:
            spans[-1][1] = run
        else:
            spans.append([run, run])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def of_runs(ids: Iterable[int] | str) -> str:
    """Return the fragment of run ids, as numbers or as a table's column has them ("3 7 8"); empty for none or very
    many.
    """
    numbers = [int(run) for run in ids.split()] if isinstance(ids, str) else list(ids)
    return f"#runs={ranges(numbers)}" if 0 < len(numbers) <= MOST_RUNS else ""


def having(**wanted: str) -> str:
    """Return the fragment of a filter: `having(phase="search", status="failed")`."""
    return "#runs=" + ";".join(f"{key}:{quote(value, safe='')}" for key, value in wanted.items())


def linked(shown: str, runs: Iterable[int] | str) -> Markup | str:
    """Return what is shown as a link to its runs: ids, or a fragment made here; as it is where there are none."""
    fragment = runs if isinstance(runs, str) and runs.startswith("#") else of_runs(runs)
    return Markup('<a class="runs" href="{}">{}</a>').format(fragment, shown) if fragment else shown
