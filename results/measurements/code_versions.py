"""The versions of the trainer's code in a study; the report names them if the code changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from results.database.rows import RunRow, StudyRow
from results.measurements.custom_trainer import MULTITASK_BERT
from results.text.formatting import plural

if TYPE_CHECKING:
    from results.measurements.study_results import StudyResults

DECISION = "code"  # in `decisions_json`: {"now": name, "versions": {name: {"files": {file: hash}, "since": time}}}
UNKNOWN = "unknown code"


def version_name(config_version: int) -> str:
    """Return the name of the built-in model's code for a version of its configurations."""
    return f"version {config_version}"


def code_then(study: StudyRow) -> str | None:
    """Return the code of runs that do not name theirs; None if it was not recorded."""
    if study.settings_json.get("trainer", MULTITASK_BERT) == MULTITASK_BERT:
        return version_name(study.config_version)
    return None


def code_of(run: RunRow, study: StudyRow) -> str:
    """Return the name of the code of one run."""
    return run.code or code_then(study) or UNKNOWN


def note(study: StudyRow, runs: Sequence[RunRow]) -> str | None:
    """Return a note if the study's runs used several versions of the code; None if all used the same."""
    counts = Counter(code_of(run, study) for run in runs if run.status in ("complete", "pruned"))
    if len(counts) < 2:
        return None
    runs_by_code = ", ".join(f"{plural(count, 'run')} of {code}" for code, count in counts.items())
    return (
        f"The trainer's code changed during this study ({runs_by_code}; the list of runs has the version of each). A "
        "difference between rows that were run with different code includes the effect of that change."
    )


def mixed(results: StudyResults, reference: str | None) -> frozenset[str]:
    """Return the configurations (digests) whose code differs from that of `reference`, or between their runs."""
    if reference is None:
        return frozenset()
    codes = _codes(results, reference)
    return frozenset(digest for digest in results.measured() if len(_codes(results, digest) | codes) > 1)


def _codes(results: StudyResults, digest: str) -> set[str]:
    return {code_of(run, results.study) for run in results.results_of(digest).values()}
