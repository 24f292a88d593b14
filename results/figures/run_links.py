"""Links from a number in the report to the runs behind it: URL fragments that filter the list of runs.

A fragment is `#runs=` and conditions separated by ";": run ids and ranges ("3,7-9"), or "phase:", "status:", "cell:"
or "text:" with the value to match. templates/run_filter.js reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from markupsafe import Markup

MOST_RUNS = 400  # a link lists at most this many ids; larger sets use a filter or have no link


def ranges(ids: Iterable[int]) -> str:
    """Return run ids in ascending order, such as "3,7-9"; empty for none."""
    spans: list[list[int]] = []
    for run in sorted(set(ids)):
        if spans and run == spans[-1][1] + 1:
            spans[-1][1] = run
        else:
            spans.append([run, run])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def of_runs(ids: Iterable[int] | str) -> str:
    """Return the fragment for run ids, given as numbers or as text ("3 7 8"); empty for none or too many."""
    numbers = [int(run) for run in ids.split()] if isinstance(ids, str) else list(ids)
    return f"#runs={ranges(numbers)}" if 0 < len(numbers) <= MOST_RUNS else ""


def having(**values: str) -> str:
    """Return the fragment of a filter, e.g. `having(phase="search", status="failed")`."""
    return "#runs=" + ";".join(f"{key}:{quote(value, safe='')}" for key, value in values.items())


def linked(text: str, runs: Iterable[int] | str) -> Markup | str:
    """Return the text as a link to `runs`, which are ids or a fragment; unchanged when there are none."""
    fragment = runs if isinstance(runs, str) and runs.startswith("#") else of_runs(runs)
    return Markup('<a class="runs" href="{}">{}</a>').format(fragment, text) if fragment else text
