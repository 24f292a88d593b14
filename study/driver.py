"""The driver: owns a study. Phase by phase it decides which runs are wanted, and has them carried out.

What a killed driver left half done is found when the study is launched again, by comparing our rows with Optuna's
trials: ended runs are told, unfinished ones are run again under their own trial and seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from statistics import fmean
from typing import Any

from results.designs import CellPlan
from results.leaderboard import confirmed_ranking
from results.path import PATH, fresh_mean
from results.records import Cell, Database, RunRow
from results.rows import runs_again
from results.study_results import REFERENCE
from search_spaces.grammar import Choices
from study import experiments, phases, replication
from study.execution import STATES, Execution
from study.greedy_path import GreedyPath, decided_steps, walk
from study.objectives import by_front, of_row
from study.observer import Request
from study.references import references
from study.search import PastTrial, Search
from study.settings import Settings
from study.sharing import in_order, wanted_epochs
from study.trainers.abstract import AbstractTrainer, Configuration

# What later phases decide about the best, and decide anew when another is confirmed.
OF_THE_BEST = ("ablations_left_out", "ablations_forbidden", "references_left_out")


class Driver:
    """One study, from its settings to confirmed, ablated and tested rows in the database."""

    def __init__(
        self,
        *,
        database: Database,
        trainer: AbstractTrainer,
        settings: Settings,
        execution: Execution,
        search: Callable[[], Search],
    ) -> None:
        self._db, self._trainer, self._space, self._settings = database, trainer, trainer.space, settings
        self._execution, self._make_search = execution, search
        self._promised: set[tuple[str, int]] = set()  # configurations and seeds of the search's runs so far

    def run(self) -> None:
        """Carry out the phases asked for; `Interrupted` when the execution was asked to stop meanwhile."""
        self._execution.interrupt_left()
        wanted = [phase for phase in self._settings.phases if phase in self._trainer.phases]
        try:
            if "search" in wanted and self._space.design == "search":
                self._search_phase()
            if "confirm" in wanted:
                self._confirm_phase()
            if "ablate" in wanted and self._space.design == "search":
                self._ablate_phase()
            if self._settings.references and {"confirm", "ablate"} & set(wanted):
                self._reference_runs()
            if "test" in wanted:
                self._test_phase()
        finally:
            self._execution.stop()

    # Phases

    def _search_phase(self) -> None:
        with closing(self._make_search()) as search:
            self._search_with(search)

    def _search_with(self, search: Search) -> None:
        """As many trials as asked for, those that an earlier launch began first."""
        settings = self._settings
        by_trial = {r.trial_number: r for r in self._db.runs(settings.name) if r.trial_number is not None}
        self._add_imported(search, by_trial)
        unfinished = []
        for number in search.running():
            row = by_trial.get(number)
            if row is not None and row.status == "pruned" and search.pauses:
                search.pause(number)
            elif row is not None and row.status in STATES and not runs_again(row.status, row.reason):
                values = of_row(settings.objectives, row, self._db.metrics_of(row.id))
                search.tell(number, values, STATES[row.status], row.reason)
            else:
                unfinished.append(number)
        self._execution.observer.phase("search", settings.trials, search.count() - len(unfinished))

        def next_request() -> Request | None:
            if unfinished:
                proposal = search.resume(unfinished.pop(0))
            elif (paused := search.promote()) is not None:
                return self._promoted_request(paused)
            elif search.count() < settings.trials and not search.exhausted():
                proposal = search.ask()
            else:
                return None
            request = self._search_request(proposal.number, proposal.choices, by_trial.get(proposal.number))
            search.note(proposal.number, _notes(request.config.digest(), request.config.seed))
            return request

        self._execution.train(next_request, search)
        search.end_paused()

    def _add_imported(self, search: Search, by_trial: Mapping[int, RunRow]) -> None:
        """Tell the search of runs that came from another study: they have a trial's number, and no trial yet."""
        while (row := by_trial.get(search.size())) is not None and row.status in STATES:
            config = self._trainer.read(row.config_json, row.seed)
            last = self._trainer.epochs(config)[0]
            scores = {epoch: score for epoch, score in self._db.epoch_scores(row.id).items() if epoch < last}
            past = PastTrial(
                choices=row.choices_json,
                state=STATES[row.status],
                values=of_row(self._settings.objectives, row, self._db.metrics_of(row.id)),
                scores=scores,
                notes=_notes(row.config_digest, row.seed, row.reason),
                began=_local(row.started_at),
                ended=_local(row.finished_at or row.started_at),
            )
            search.add(past)

    def _search_request(self, number: int, choices: Choices, earlier: RunRow | None) -> Request:
        """The run of a trial. A configuration that comes up again becomes a further seed of the first."""
        config = self._trainer.configuration(choices)
        seed = self._settings.seed
        if earlier is not None:
            seed = earlier.seed
        else:
            digest = config.digest()
            used = {row.seed for row in self._db.runs(self._settings.name, config_digest=digest)}
            while seed in used or (digest, seed) in self._promised:  # one that is held back has no row yet
                seed += 1
        config = config.with_seed(seed)
        self._promised.add((config.digest(), seed))
        keys, pauses = self._trainer.keys(config), self._settings.pruner == "asha"
        return Request("search", config, choices, f"trial {number}", number, keys, pauses=pauses)

    def _promoted_request(self, number: int) -> Request:
        """The run of a trial that had paused, to go on from the epoch it had reached."""
        row = next(r for r in self._db.runs(self._settings.name, status="pruned") if r.trial_number == number)
        request = self._search_request(number, row.choices_json, row)
        return replace(request, run_id=row.id, known_epochs=self._db.last_epoch(row.id))

    def _confirm_phase(self) -> None:
        space, settings = self._space, self._settings
        if space.design == "grid":
            cells = phases.grid_cells(space)
        else:
            cells = phases.confirm_cells(space, self._search_ranking(), settings.confirm)
        self._write_cells("confirm", cells)
        self._run_cells("confirm", cells)
        if space.design == "grid":
            self._replicate("confirm", cells, space.baseline())
        ranking = confirmed_ranking(self._db, settings.name)
        by_digest = {self._trainer.configuration(cell.choices).digest(): cell for cell in cells}
        baseline = self._trainer.configuration(space.baseline()).digest()
        decisions: dict[str, Any] = {
            "confirmed": ranking,
            "baseline": baseline,
            "baseline_choices": space.baseline(),
            "best": ranking[0] if ranking else None,
            "best_choices": by_digest[ranking[0]].choices if ranking else None,
            **dict.fromkeys(OF_THE_BEST),
        }
        self._db.decide(settings.name, decisions)

    def _search_ranking(self) -> list[Choices]:
        """Configurations of the search, best first, by the mean over their seeds.

        With several objectives those on the Pareto front come first, then those on the front of the rest; within one by
        score.
        """
        rows = [r for r in self._db.runs(self._settings.name, phase="search", status="complete") if r.score is not None]
        choices = {row.config_digest: row.choices_json for row in rows}
        names, points = self._settings.objectives, dict[str, list[list[float]]]()
        for row in rows:
            metrics = self._db.metrics_of(row.id) if len(names) > 1 else {}
            values = of_row(("score", *names), row, metrics)
            if values is not None:
                points.setdefault(row.config_digest, []).append(values)
        means = {digest: [fmean(column) for column in zip(*found, strict=True)] for digest, found in points.items()}
        ranks = [0] * len(means) if names == ("score",) else by_front([mean[1:] for mean in means.values()], names)
        rank = dict(zip(means, ranks, strict=True))
        return [choices[digest] for digest in sorted(means, key=lambda digest: (rank[digest], -means[digest][0]))]

    def _ablate_phase(self) -> None:
        best = self._decisions().get("best_choices")
        if best is None:
            self._execution.observer.say("Nothing to ablate: no configuration has all its confirmed runs.")
            return
        settings = self._settings
        asked = experiments.planned(self._space, best, settings.designs, settings.ablations)
        cells = asked.cells
        self._write_cells("ablate", cells)
        self._decide(asked.decisions(self._digest(best)))
        for told in asked.left_out():
            self._execution.observer.say(told)
        self._run_cells("ablate", cells)
        self._replicate("ablate", cells, best)
        if asked.path_room is not None:
            self._walk(best, cells, asked.path_room)

    def _replicate(self, phase: str, cells: list[CellPlan], reference: Choices) -> None:
        """Further seeds, one at a time, for rows whose verdict is open, and for what these are compared with."""
        settings, compared_with = self._settings, self._trainer.configuration(reference).digest()
        for count in replication.rounds(settings):
            wanting = replication.wanting_a_seed(self._db, settings.name, compared_with, after=count - 1)
            if not wanting:
                return
            self._execution.observer.say(replication.told(len(wanting) - 1, count - 1))
            again = [cell for cell in cells if self._trainer.configuration(cell.choices).digest() in wanting]
            self._run_cells(phase, again, phases.fresh_seeds(settings.seed, count)[-1:])

    def _reference_runs(self) -> None:
        """The best on each task alone, with the seeds of confirm: cells of the phase ablate, of a grid too."""
        best, name = self._decisions().get("best_choices"), self._settings.name
        if best is None:
            return
        found = references(self._trainer, best)
        self._execution.observer.say(found.told())
        self._db.decide(name, {"references_left_out": dict(found.left_out)})
        ablated = [c for c in self._db.cells(name) if c.phase == "ablate" and c.design != REFERENCE]
        self._write_cells("ablate", found.cells, ablated)
        self._run_cells("ablate", found.cells)

    def _walk(self, best: Choices, cells: list[CellPlan], room: int) -> None:
        """The greedy path from the baseline to the best: a step's runs, then its decision, then the next step."""
        baseline = self._space.baseline()
        ends = self._digest(best), self._digest(baseline)

        def carry_out(tries: list[CellPlan]) -> list[tuple[str, float | None]]:
            cells.extend(tries)
            self._write_cells("ablate", cells)
            self._run_cells("ablate", tries)
            digests = [self._digest(cell.choices) for cell in tries]
            return [(digest, fresh_mean(self._db, self._settings.name, digest, self._seeds())) for digest in digests]

        known = tuple(cell.choices for cell in cells if cell.design != "baseline")
        decided = decided_steps(self._decisions().get(PATH), *ends)
        path = GreedyPath(self._space, best, baseline, room, known, decided)
        walk(path, carry_out, lambda walked: self._decide({PATH: walked.as_json(*ends)}))

    def _test_phase(self) -> None:
        """The best and the baseline on `test`, once."""
        decisions, name = self._decisions(), self._settings.name
        digests = dict.fromkeys(d for d in (decisions.get("best"), decisions.get("baseline")) if d is not None)
        seeds = self._seeds()
        measured = self._db.evaluated_runs(name, "test")
        rows = [
            row
            for digest in digests
            for row in self._db.runs(name, config_digest=digest, status="complete")
            if row.seed in seeds
        ]
        waiting = [row for row in rows if row.id not in measured]
        self._execution.observer.phase("test", len(rows), len(rows) - len(waiting))
        labels = {decisions.get("baseline"): "baseline", decisions.get("best"): "best"}
        self._execution.test([self._test_request(row, labels[row.config_digest]) for row in waiting])

    def _test_request(self, row: RunRow, label: str) -> Request:
        config = self._trainer.read(row.config_json, row.seed)
        return Request("test", config, row.choices_json, label, run_id=row.id)

    def _decisions(self) -> dict[str, Any]:
        return dict(self._db.require_study(self._settings.name).decisions_json)

    def _decide(self, decided: Mapping[str, Any]) -> None:
        self._db.decide(self._settings.name, decided)

    def _seeds(self) -> list[int]:
        return phases.fresh_seeds(self._settings.seed, self._settings.seeds)

    def _digest(self, choices: Choices) -> str:
        return self._trainer.configuration(choices).digest()

    # Cells

    def _write_cells(self, phase: str, cells: Iterable[CellPlan], before: Iterable[Cell] = ()) -> None:
        """The cells of a phase; `before` them, those it had that stay."""
        rows = list(before)
        for position, cell in enumerate(cells, start=len(rows)):
            config = self._configuration(cell, 0)
            rows.append(
                Cell(
                    phase=phase,  # type: ignore[arg-type]
                    name=cell.name,
                    design=cell.design,
                    factor=cell.factor,
                    from_level=cell.from_level,
                    to_level=cell.to_level,
                    config_digest=config.digest(),
                    config_json=config.model_dump(mode="json"),
                    choices_json=cell.choices,
                    position=position,
                )
            )
        self._db.replace_cells(self._settings.name, phase, rows)  # type: ignore[arg-type]

    def _run_cells(self, phase: str, cells: list[CellPlan], seeds: Sequence[int] | None = None) -> None:
        """Every cell with every fresh seed, or these; what is there already, from whatever phase, is not run."""
        requests: dict[tuple[str, int], Request] = {}
        apart = phases.apart(cells)
        for seed in self._seeds() if seeds is None else seeds:
            for names, cell in apart:
                config = self._configuration(cell, seed)
                request = Request(phase, config, cell.choices, names, keys=self._trainer.keys(config))
                requests.setdefault((config.digest(), seed), request)
        planned = [r for (digest, seed), r in requests.items() if self._needed(digest, seed)]
        self._execution.observer.phase(phase, len(requests), len(requests) - len(planned))
        wanted = wanted_epochs(r.keys for r in planned if r.keys is not None) | self._ends_to_change(phase, planned)
        order = in_order([(r.config.seed, self._trainer.epochs(r.config)[1], r.keys) for r in planned])
        waiting = [replace(planned[place], wanted=wanted) for place in order]
        self._execution.train(lambda: waiting.pop(0) if waiting else None)

    def _configuration(self, cell: CellPlan, seed: int) -> Configuration:
        if cell.task is None:
            return self._trainer.configuration(cell.choices, seed)
        return self._trainer.reference(cell.choices, cell.task, seed)

    def _ends_to_change(self, phase: str, planned: list[Request]) -> frozenset[str]:
        """Stages of confirm from which ablate may go on."""
        if phase != "confirm" or "ablate" not in self._settings.phases or self._space.design != "search":
            return frozenset()
        return self._trainer.ends_to_change([(r.config, r.keys, r.label) for r in planned])

    def _needed(self, digest: str, seed: int) -> bool:
        row = self._db.run_by(self._settings.name, digest, seed)
        return row is None or runs_again(row.status, row.reason)


def _notes(digest: str, seed: int, reason: str | None = None) -> dict[str, str | int]:
    """What a trial carries to be read in Optuna's dashboard, and found in our tables."""
    told: dict[str, str | int] = {"config_digest": digest, "seed": seed, "phase": "search"}
    return told if reason is None else {**told, "reason": reason}


def _local(moment: datetime) -> datetime:
    """Local time without a zone, as Optuna has it."""
    return moment.astimezone().replace(tzinfo=None)
