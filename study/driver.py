"""The driver of a study: phase by phase it decides which runs are needed, and executes them.

The next launch completes the work of a killed driver, by comparing our rows with Optuna's trials: ended runs are
reported to Optuna, unfinished ones are run again with the same trial and seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from results.analysis.leaderboard import confirmed_ranking
from results.analysis.variance_sources import compared_pair
from results.database.database import Database
from results.database.rows import Cell, runs_again
from results.designs import screen
from results.designs.greedy_path import PATH, fresh_mean
from results.measurements.study_results import REFERENCE, VARIANCE, StudyResults
from search_spaces.grammar import Choices
from search_spaces.grammar.choices import out_of_range
from study.designs.designs import CellPlan
from study.execution.executor import Execution
from study.execution.observer import Request
from study.execution.stage_sharing import in_order, wanted_epochs
from study.phases import ablation, cells, extra_seeds
from study.phases.greedy_path import GreedyPath, decided_steps, walk
from study.phases.search import SearchPhase, ranking
from study.search.optuna_search import Search
from study.settings import Settings
from study.trainers.abstract import AbstractTrainer, Configuration

# Decisions of later phases about the best, which are made again after another is confirmed.
OF_THE_BEST = ("ablations_left_out", "ablations_forbidden", "references_left_out")


class Driver:
    """The runs of one study, phase by phase, as rows in the database."""

    def __init__(
        self,
        database: Database,
        trainer: AbstractTrainer,
        settings: Settings,
        execution: Execution,
        search: Callable[[], Search],
    ) -> None:
        self._db, self._trainer, self._space, self._settings = database, trainer, trainer.space, settings
        self._execution, self._make_search = execution, search

    def run(self) -> None:
        """Run the phases of the settings.

        Raises:
            Interrupted: the execution was asked to stop.
        """
        self._execution.interrupt_left()
        phases = {phase for phase in self._settings.phases if phase in self._trainer.phases}
        try:
            if "search" in phases and self._space.design == "search":
                self._search_phase()
            if "confirm" in phases:
                self._confirm_phase()
            if "ablate" in phases and self._space.design == "search":
                self._ablate_phase()
            if self._settings.references and {"confirm", "ablate"} & phases:
                self._reference_runs()
            if self._trainer.varies and {"confirm", "ablate"} & phases:
                self._variance_runs()
            if "test" in phases:
                self._test_phase()
        finally:
            self._execution.stop()

    def _search_phase(self) -> None:
        with closing(self._make_search()) as search:
            SearchPhase(self._db, self._trainer, self._settings, self._execution).run(search)

    def _confirm_phase(self) -> None:
        space, settings = self._space, self._settings
        if space.design == "grid":
            planned = cells.grid_cells(space)
        else:
            best_first = [c for c in ranking(self._db, settings) if not out_of_range(space.factors, c)]
            planned = cells.confirm_cells(space, best_first, settings.confirm)
        self._write_cells("confirm", planned)
        self._run_cells("confirm", planned)
        if space.design == "grid":
            self._add_seeds("confirm", planned, space.baseline())
        confirmed = confirmed_ranking(StudyResults(self._db, settings.name))
        choices = {self._digest(cell.choices): cell.choices for cell in planned}
        self._decide(
            {
                "confirmed": confirmed,
                "baseline": self._digest(space.baseline()),
                "baseline_choices": space.baseline(),
                "best": confirmed[0] if confirmed else None,
                "best_choices": choices[confirmed[0]] if confirmed else None,
                **dict.fromkeys(OF_THE_BEST),
            }
        )

    def _ablate_phase(self) -> None:
        best = self._decisions().get("best_choices")
        if best is None:
            self._execution.observer.say("Nothing to ablate: no configuration has all its confirmed runs.")
            return
        settings = self._settings
        earlier = [cell.design for cell in self._db.studies.cells(settings.name)]
        primary, kept = ablation.declared_primary(self._space, settings.designs, self._decisions(), earlier)
        self._decide(primary)
        without = self._screen(best) if screen.DESIGN in settings.designs else ()
        experiments = ablation.planned(self._space, best, settings.designs, settings.ablations, without)
        planned = experiments.cells
        self._write_cells("ablate", planned)
        self._decide(experiments.decisions(self._digest(best)))
        for line in filter(None, (kept, *experiments.left_out())):
            self._execution.observer.say(line)
        self._run_cells("ablate", [cell for cell in planned if cell.design != screen.DESIGN])
        self._add_seeds("ablate", planned, best)
        if experiments.path_budget is not None:
            self._walk(best, planned, experiments.path_budget)

    def _screen(self, best: Choices) -> Sequence[str]:
        """Run the screen of the best's changes; return the factors whose change needs no row around the best."""
        name, around = self._settings.name, self._digest(best)
        experiments = ablation.planned(self._space, best, (screen.DESIGN,), self._settings.ablations)
        cells_before = [cell for cell in self._db.studies.cells(name) if cell.phase == "ablate"]
        self._write_cells("ablate", experiments.cells, cells_before)
        decided = self._decisions().get("screened") or {}
        if decided.get("around") != around:
            self._decide(experiments.decisions(around))
        self._run_cells("ablate", experiments.cells[2:], self._seeds()[: self._settings.seeds_of_design(screen.DESIGN)])
        if decided.get("around") != around:
            decided = {"around": around, "without": screen.dropped(StudyResults(self._db, name))}
            self._decide({"screened": decided})
        return list(decided["without"])

    def _add_seeds(self, phase: str, planned: list[CellPlan], reference: Choices) -> None:
        """Run further seeds for rows whose verdict is open and for their reference, from one analysis to the next."""
        settings, digest = self._settings, self._digest(reference)
        while (found := extra_seeds.begin_round(self._db, settings.name, digest)).counts:
            self._execution.observer.say(extra_seeds.announcement(found))
            for count in sorted(set(found.counts.values())):
                rows = {digest, *(row for row, seeds in found.counts.items() if seeds == count)}
                again = [cell for cell in planned if self._digest(cell.choices) in rows]
                self._run_cells(phase, again, extra_seeds.seeds_up_to(settings, count))
        if line := extra_seeds.announcement(found):
            self._execution.observer.say(line)

    def _reference_runs(self) -> None:
        """Run the best on each task alone, with the seeds of confirm, as cells of the phase ablate."""
        best, name = self._decisions().get("best_choices"), self._settings.name
        if best is None:
            return
        references = cells.references(self._trainer, best)
        self._execution.observer.say(references.summary())
        self._decide({"references_left_out": dict(references.left_out)})
        ablated = [c for c in self._db.studies.cells(name) if c.phase == "ablate" and c.design != REFERENCE]
        self._write_cells("ablate", references.cells, ablated)
        self._run_cells("ablate", references.cells)

    def _variance_runs(self) -> None:
        """Run the best and what it is compared with on the first fresh seed's sentences, with the other fresh seeds."""
        name, results = self._settings.name, StudyResults(self._db, self._settings.name)
        pair = {digest: next(iter(results.results_of(digest).values())) for digest in compared_pair(results)}
        planned = [cells.on_first_sentences(run.choices_json, digest) for digest, run in pair.items()]
        others = [c for c in self._db.studies.cells(name) if c.phase == "ablate" and c.design != VARIANCE]
        self._write_cells("ablate", planned, others)
        self._run_cells("ablate", planned, self._seeds()[1:])

    def _walk(self, best: Choices, planned: list[CellPlan], budget: int) -> None:
        """Walk the greedy path from the baseline to the best; its cells are written after those `planned` before."""
        baseline = self._space.baseline()
        ends = self._digest(best), self._digest(baseline)

        def measure(candidates: list[CellPlan]) -> list[tuple[str, float | None]]:
            planned.extend(candidates)
            self._write_cells("ablate", planned)
            self._run_cells("ablate", candidates)
            digests = [self._digest(cell.choices) for cell in candidates]
            return [(digest, fresh_mean(self._db, self._settings.name, digest, self._seeds())) for digest in digests]

        free = tuple(cell.choices for cell in planned if cell.design != "baseline")
        decided = decided_steps(self._decisions().get(PATH), *ends)
        path = GreedyPath(self._space, best, baseline, budget, free, decided)
        walk(path, measure, lambda walked: self._decide({PATH: walked.as_json(*ends)}))

    def _test_phase(self) -> None:
        """Measure the best and the baseline on `test`, once."""
        decisions, name = self._decisions(), self._settings.name
        read, labels = self._trainer.read, {decisions.get("best"): "best"}
        labels.setdefault(decisions.get("baseline"), "baseline")
        rows = [
            row
            for digest in labels
            if digest is not None
            for row in self._db.runs.of_study(name, config_digest=digest, status="complete")
            if row.seed in self._seeds()
        ]
        measured = self._db.metrics.evaluated_runs(name, "test")
        requests = [
            Request("test", read(row.config_json, row.seed), row.choices_json, labels[row.config_digest], run_id=row.id)
            for row in rows
            if row.id not in measured
        ]
        self._execution.observer.phase("test", len(rows), len(rows) - len(requests))
        self._execution.test(requests)

    def _decisions(self) -> dict[str, Any]:
        return dict(self._db.studies.require(self._settings.name).decisions_json)

    def _decide(self, decided: Mapping[str, Any]) -> None:
        self._db.studies.decide(self._settings.name, decided)

    def _seeds(self) -> list[int]:
        return self._settings.seeds_of(self._settings.seeds)

    def _digest(self, choices: Choices) -> str:
        return self._trainer.configuration(choices).digest()

    def _write_cells(self, phase: str, planned: Iterable[CellPlan], kept: Iterable[Cell] = ()) -> None:
        """Replace the cells of a phase by those `kept`, then those `planned`.

        Those of `VARIANCE` always stay: they tell the runs of an earlier best from other configurations.
        """
        planned = list(planned)
        names = {cell.name for cell in planned}
        earlier = [c for c in self._db.studies.cells(self._settings.name) if (c.phase, c.design) == (phase, VARIANCE)]
        rows = list({cell.name: cell for cell in (*kept, *earlier) if cell.name not in names}.values())
        for position, cell in enumerate(planned, start=len(rows)):
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
        self._db.studies.replace_cells(self._settings.name, phase, rows)  # type: ignore[arg-type]

    def _run_cells(self, phase: str, planned: list[CellPlan], seeds: Sequence[int] | None = None) -> None:
        """Run every cell with every fresh seed, or with `seeds`; finished runs of any phase are not repeated."""
        requests: dict[tuple[str, int], Request] = {}
        configurations = cells.distinct(planned)
        for seed in self._seeds() if seeds is None else seeds:
            for names, cell in configurations:
                config = self._configuration(cell, seed)
                request = Request(phase, config, cell.choices, names, keys=self._trainer.keys(config))
                requests.setdefault((config.digest(), seed), request)
        needed = [request for (digest, seed), request in requests.items() if self._needed(digest, seed)]
        self._execution.observer.phase(phase, len(requests), len(requests) - len(needed))
        wanted = wanted_epochs(r.keys for r in needed if r.keys is not None) | self._ends_to_change(phase, needed)
        order = in_order([(r.config.seed, self._trainer.epochs(r.config)[1], r.keys) for r in needed])
        waiting = [replace(needed[place], wanted=wanted) for place in order]
        self._execution.train(lambda: waiting.pop(0) if waiting else None)

    def _configuration(self, cell: CellPlan, seed: int) -> Configuration:
        if cell.task is not None:
            return self._trainer.reference(cell.choices, cell.task, seed)
        if cell.first_sentences:
            return self._trainer.on_first_sentences(cell.choices, seed)
        return self._trainer.configuration(cell.choices, seed)

    def _ends_to_change(self, phase: str, requests: list[Request]) -> frozenset[str]:
        """Return the stages of confirm from which ablate may continue."""
        if phase != "confirm" or "ablate" not in self._settings.phases or self._space.design != "search":
            return frozenset()
        return self._trainer.ends_to_change([(r.config, r.keys, r.label) for r in requests])

    def _needed(self, digest: str, seed: int) -> bool:
        row = self._db.runs.find_by_seed(self._settings.name, digest, seed)
        return row is None or runs_again(row.status, row.reason)
