"""Code versions: each run keeps the code it was trained with, and every launch compares it with the code of today.

For the built-in model this is the version of its configurations, for a custom trainer the hash of its files.
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
    """A study whose code has changed: a sentence about it, and the previous code (None: it was not recorded)."""

    study: StudyRow
    facts: StudyFacts
    previous: str | None
    description: str
    has_finished_runs: bool

    @property
    def reads_data(self) -> bool:
        """Whether the same data may have another fingerprint: releases differ in the rows that they drop."""
        return self.study.config_version != self.facts.config_version

    def refusal(self) -> SettingsError:
        """Return an error that says why the study cannot be resumed, and the ways out."""
        name = self.study.study_name
        return SettingsError(
            f"Study '{name}' cannot be resumed: {self.description} Its runs and new ones would not be comparable. Its "
            f"report can still be made: python -m results.report --name {name}. Start another study: --name {name}-2\n"
            f"or continue with runs of both versions, which the report marks: {FLAG}"
        )

    def write(self, database: Database) -> None:
        """Mark the existing runs with their code, then record the new code; a killed launch does both again."""
        name, facts = self.study.study_name, self.facts
        if self.previous is not None:
            database.runs.mark_code(name, self.previous)
        data = facts.fingerprint if self.reads_data else self.study.data_fingerprint
        database.studies.update(name, config_version=facts.config_version, data_fingerprint=data)
        database.studies.decide(name, code_record(facts, self.study.decisions_json))

    def message(self) -> str:
        """Return the line that the launch prints."""
        kept = "The report shows runs of both versions, and marks them." if self.has_finished_runs else ""
        data = ""
        if self.reads_data and self.study.data_fingerprint != self.facts.fingerprint:
            data = f" This release also reads other rows of the data ({self.study.data_source})."
        return f"{self.description[:1].upper()}{self.description[1:]}{data} {kept}".rstrip()


def recorded_code(study: StudyRow) -> str | None:
    """Return the code of a study's unmarked runs; None where it was not recorded."""
    return (study.decisions_json.get(DECISION) or {}).get("now") or code_then(study)


def code_change(study: StudyRow, facts: StudyFacts, runs: Sequence[RunRow]) -> CodeChange | None:
    """Return what changed in the code since the study's last launch; None where nothing did."""
    finished = any(run.status in ("complete", "pruned") for run in runs)
    if study.config_version != facts.config_version:
        description = (
            f"its configurations are of version {study.config_version}, and this release reads version "
            f"{facts.config_version} (CHANGELOG.md lists the changes)."
        )
        return CodeChange(study, facts, version_name(study.config_version), description, has_finished_runs=True)
    record = study.decisions_json.get(DECISION) or {}
    if facts.code_files is None or record.get("now") == facts.code:
        return None
    before = (record.get("versions") or {}).get(record.get("now"), {}).get("files")
    if before is None:  # of an older release
        return CodeChange(study, facts, None, "its trainer's code was not recorded so far.", False)
    files = code_fingerprint.changed(before, facts.code_files)
    return CodeChange(study, facts, record["now"], f"the code of its trainer has changed ({files}).", finished)


def code_record(facts: StudyFacts, decisions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study's decisions about its code, with this launch's version before the earlier ones."""
    if facts.code_files is None:
        return {}
    versions = (decisions.get(DECISION) or {}).get("versions", {})
    version = {"files": facts.code_files, "since": utc_now().isoformat(timespec="seconds")}
    return {DECISION: {"now": facts.code, "versions": {facts.code: version, **versions}}}


def check_import(source: StudyRow, facts: StudyFacts, runs: Sequence[RunRow], accepted: bool) -> None:
    """Check that a study may begin with the runs of another one.

    Raises:
        SettingsError: the other study's code differs, and the change was not accepted.
    """
    change = code_change(source, facts, runs)
    if change is not None and change.has_finished_runs and not accepted:
        raise SettingsError(
            f"The runs of study '{source.study_name}' cannot be imported: {change.description} Its runs and new ones "
            "would not be comparable. Begin without its runs: leave out --import-from\n"
            f"or begin with runs of both versions, which the report marks: {FLAG}"
        )
