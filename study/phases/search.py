"""The search phase: its trials as runs, those of an earlier launch first; and its ranking of configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from statistics import fmean

from results.database.database import Database
from results.database.rows import RunRow, runs_again
from results.measurements.task_units import units_from
from search_spaces.grammar import Choices
from search_spaces.grammar.choices import out_of_range
from study.execution.executor import Execution
from study.execution.observer import Request
from study.search.objectives import by_front, of_row
from study.search.optuna_search import PastTrial, Proposal, Search
from study.search.trial_states import STATES
from study.settings import Settings
from study.trainers.abstract import AbstractTrainer

# From this number of trials on, the next one is proposed while the workers are busy, and so without the last result.
# Proposals take longer the more trials there are; TPE counts at most 25 of them as good, so that one changes little.
AHEAD_FROM = 250


class SearchPhase:
    """The runs of a search's proposals, and the reports to the search about runs of earlier launches."""

    def __init__(self, database: Database, trainer: AbstractTrainer, settings: Settings, execution: Execution) -> None:
        self._db, self._trainer, self._settings, self._execution = database, trainer, settings, execution
        self._requested: set[tuple[str, int]] = set()  # configurations and seeds

    def run(self, search: Search) -> None:
        """Run the trials of the settings, those that an earlier launch left unfinished first."""
        name, trials = self._settings.name, self._settings.trials
        by_trial = {r.trial_number: r for r in self._db.runs.of_study(name) if r.trial_number is not None}
        self._add_imported(search, by_trial)
        unfinished = self._unfinished(search, by_trial)
        ahead: list[Request] = []
        self._execution.observer.phase("search", trials, search.count() - len(unfinished))

        def annotated(proposal: Proposal) -> Request:
            request = self._request(proposal.number, proposal.choices, by_trial.get(proposal.number))
            search.note(proposal.number, _notes(request.config.digest(), request.config.seed))
            return request

        def proposed() -> Request | None:
            return None if search.count() >= trials or search.exhausted() else annotated(search.ask())

        def next_request() -> Request | None:
            if unfinished:
                return annotated(self._as_it_ran(search.resume(unfinished.pop(0)), by_trial))
            if (paused := search.promote()) is not None:
                return self._promoted(paused)
            return ahead.pop() if ahead else proposed()

        def ask_ahead() -> None:
            if search.size() >= AHEAD_FROM and not ahead and not unfinished and (request := proposed()) is not None:
                ahead.append(request)

        self._execution.train(next_request, search, ask_ahead)
        search.end_paused()

    def _unfinished(self, search: Search, by_trial: Mapping[int, RunRow]) -> list[int]:
        """Report to the search the runs that have ended since its last report; return the trials still to be run."""
        unfinished = []
        for number in search.running():
            row = by_trial.get(number)
            if row is not None and row.status == "pruned" and search.pauses and not self._outside(row):
                search.pause(number)
            elif row is not None and row.status in STATES and not runs_again(row.status, row.reason):
                values = of_row(self._settings.objectives, row, self._db.metrics.of_run(row.id))
                search.tell(number, values, STATES[row.status], row.reason)
            else:
                unfinished.append(number)
        return unfinished

    def _outside(self, row: RunRow) -> bool:
        """Return whether a number of a run is outside its range now: such a run is kept, and never run again."""
        return bool(out_of_range(self._trainer.space.factors, row.choices_json))

    def _as_it_ran(self, proposal: Proposal, by_trial: Mapping[int, RunRow]) -> Proposal:
        """Return the proposal with the numbers of its run, because releases round them differently."""
        row = by_trial.get(proposal.number)
        if row is None or self._outside(row) or row.choices_json.keys() != proposal.choices.keys():
            return proposal
        numbers = {name: choice for name, choice in row.choices_json.items() if isinstance(choice, int | float)}
        return Proposal(proposal.number, {**proposal.choices, **numbers})

    def _add_imported(self, search: Search, by_trial: Mapping[int, RunRow]) -> None:
        """Add the runs imported from another study to the search: they have a trial's number, and no trial yet."""
        while (row := by_trial.get(search.size())) is not None and row.status in STATES:
            config = self._trainer.read(row.config_json, row.seed)
            last = self._trainer.epochs(config)[0]
            measured, unit = self._db.metrics.epoch_scores(row.id), units_from(self._trainer.facts.tasks).score
            trial = PastTrial(
                choices=row.choices_json,
                state=STATES[row.status],
                values=of_row(self._settings.objectives, row, self._db.metrics.of_run(row.id)),
                scores={epoch: unit.oriented(score) for epoch, score in measured.items() if epoch < last},
                notes=_notes(row.config_digest, row.seed, row.reason),
                began=_local(row.started_at),
                ended=_local(row.finished_at or row.started_at),
            )
            search.add(trial)

    def _request(self, number: int, choices: Choices, earlier: RunRow | None) -> Request:
        """Return the run of a trial. A configuration that is proposed again gets a further seed."""
        config = self._trainer.configuration(choices)
        digest, seed = config.digest(), self._settings.seed if earlier is None else earlier.seed
        if earlier is None:
            used = {row.seed for row in self._db.runs.of_study(self._settings.name, config_digest=digest)}
            while seed in used or (digest, seed) in self._requested:  # a run that is held back has no row yet
                seed += 1
        config = config.with_seed(seed)
        self._requested.add((digest, seed))
        keys, pauses = self._trainer.keys(config), self._settings.pruner == "asha"
        return Request("search", config, choices, f"trial {number}", number, keys, pauses=pauses)

    def _promoted(self, number: int) -> Request:
        """Return the run of a trial that had paused, which continues from the epoch it had reached."""
        row = next(r for r in self._db.runs.of_study(self._settings.name, status="pruned") if r.trial_number == number)
        request = self._request(number, row.choices_json, row)
        return replace(request, run_id=row.id, known_epochs=self._db.metrics.last_epoch(row.id))


def ranking(database: Database, settings: Settings) -> list[Choices]:
    """Return the configurations of the search, best first, by their mean score over seeds.

    With several objectives, a configuration of an earlier Pareto front precedes those of later ones.
    """
    rows = [r for r in database.runs.of_study(settings.name, phase="search", status="complete") if r.score is not None]
    choices = {row.config_digest: row.choices_json for row in rows}
    names, points = settings.objectives, dict[str, list[list[float]]]()
    for row in rows:
        metrics = database.metrics.of_run(row.id) if len(names) > 1 else {}
        values = of_row(("score", *names), row, metrics)
        if values is not None:
            points.setdefault(row.config_digest, []).append(values)
    means = {digest: [fmean(column) for column in zip(*seeds, strict=True)] for digest, seeds in points.items()}
    ranks = [0] * len(means) if names == ("score",) else by_front([mean[1:] for mean in means.values()], names)
    rank = dict(zip(means, ranks, strict=True))
    return [choices[digest] for digest in sorted(means, key=lambda digest: (rank[digest], -means[digest][0]))]


def _notes(digest: str, seed: int, reason: str | None = None) -> dict[str, str | int]:
    """Return the attributes of a trial in Optuna's dashboard, which lead to its run in our tables."""
    return {"config_digest": digest, "seed": seed, "phase": "search", **({"reason": reason} if reason else {})}


def _local(moment: datetime) -> datetime:
    """Return the moment in local time without a zone, as Optuna stores it."""
    return moment.astimezone().replace(tzinfo=None)
