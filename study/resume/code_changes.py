"""The code that runs of a study had: kept with each, compared at every launch, and what becomes of a study of two.

Of our own model it is the version of what configurations mean, of a custom trainer the hash of its files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.database.database import Database
from results.database.rows import RunRow, StudyRow, utc_now
from results.measurements.code_versions import DECISION, code_then, version_name
from study.settings import SettingsError
from study.trainers.abstract import StudyFacts
from study.trainers.custom import code_fingerprint

FLAG = "--accept-changed-code"


@dataclass(frozen=True)
class CodeChange:
    """A study whose code is another one now: the names of both, and what changed. `was` None: it was not kept."""

    study: StudyRow
    facts: StudyFacts
    was: str | None
    what: str
    compared: bool  # whether there are runs with which new ones would be compared

    @property
    def reads_data(self) -> bool:
        """Whether the same data may have another fingerprint: another release leaves out other rows of it."""
        return self.study.config_version != self.facts.config_version

    def refuse(self) -> SettingsError:
        """Return why the study is not resumed, and the ways out."""
        name = self.study.study_name
        return SettingsError(
            f"Study '{name}' cannot be resumed: {self.what} Its runs and new ones would not measure the same. Its "
            f"report is made as before: python -m results.report --name {name}. Start another study: --name {name}-2\n"
            f"or go on with runs of both, which the report marks: {FLAG}"
        )

    def write(self, database: Database) -> None:
        """Mark the runs so far with the code that they had, and have the study go on with the new one.

        A launch that is killed between the two finds its runs marked, and does the rest again.
        """
        name, facts = self.study.study_name, self.facts
        if self.was is not None:
            database.runs.mark_code(name, self.was)
        data = facts.fingerprint if self.reads_data else self.study.data_fingerprint
        database.studies.update(name, config_version=facts.config_version, data_fingerprint=data)
        database.studies.decide(name, recorded(facts, self.study.decisions_json))

    def told(self) -> str:
        """Return a line for whoever launches it."""
        kept = "Runs of both stand beside each other, and the report marks them." if self.compared else ""
        data = ""
        if self.reads_data and self.study.data_fingerprint != self.facts.fingerprint:
            data = f" Nor are the rows of the data ({self.study.data_source}) the same that this release reads."
        return f"{self.what[:1].upper()}{self.what[1:]}{data} {kept}".rstrip()


def code_so_far(study: StudyRow) -> str | None:
    """Return the code of a study's runs that have no mark; None where it was not kept."""
    known = study.decisions_json.get(DECISION) or {}
    return known.get("now") or code_then(study)


def change_of(found: StudyRow, facts: StudyFacts, runs: Sequence[RunRow]) -> CodeChange | None:
    """Return what changed in the code since the study's last launch; None where it is the same, or the study has no
    code.
    """
    compared = any(run.status in ("complete", "pruned") for run in runs)
    if found.config_version != facts.config_version:
        was = version_name(found.config_version)
        return CodeChange(found, facts, was, other_version(found, facts), compared=True)
    known = found.decisions_json.get(DECISION) or {}
    if facts.code_files is None or known.get("now") == facts.code:
        return None
    before = (known.get("versions") or {}).get(known.get("now"), {}).get("files")
    if before is None:  # an older release did not keep it
        return CodeChange(found, facts, None, "its trainer's code was not kept so far.", False)
    files = code_fingerprint.changed(before, facts.code_files)
    return CodeChange(found, facts, known["now"], f"the code of its trainer has changed ({files}).", compared)


def other_version(study: StudyRow, facts: StudyFacts) -> str:
    """Return a sentence about configurations that mean something else."""
    return (
        f"its configurations have the meaning of version {study.config_version}, and this release has version "
        f"{facts.config_version} (CHANGELOG.md says what has changed)."
    )


def recorded(facts: StudyFacts, decisions: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a study's decisions say of its code, the version of this launch among those before."""
    if facts.code_files is None:
        return {}
    known = (decisions.get(DECISION) or {}).get("versions", {})
    version = {"files": facts.code_files, "since": utc_now().isoformat(timespec="seconds")}
    return {DECISION: {"now": facts.code, "versions": {facts.code: version, **known}}}


def check_taken(old: StudyRow, facts: StudyFacts, runs: Sequence[RunRow], accepted: bool) -> None:
    """Refuse to begin a study with the runs of one whose code is another: `SettingsError`."""
    change = change_of(old, facts, runs)
    if change is not None and change.compared and not accepted:
        raise SettingsError(
            f"The runs of study '{old.study_name}' cannot be taken: {change.what} Its runs and new ones would not "
            f"measure the same. Begin without its runs: leave out --import-from\n"
            f"or begin with runs of both, which the report marks: {FLAG}"
        )
