"""The driver: owns a study. Phase by phase it decides which runs are wanted, and has them carried out.

What a killed driver left half done is found when the study is launched again, by comparing our rows with Optuna's
trials: ended runs are told, unfinished ones are run again under their own trial and seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from mtbert.config import RunConfig
from results.leaderboard import confirmed_ranking
from results.records import Cell, Database, RunRow
from search_spaces import Space
from search_spaces.grammar import Choices
from study import phases
from study.configuration import to_config
from study.execution import STATES, Execution
from study.observer import Request
from study.phases import CellPlan
from study.search import Search
from study.settings import Settings


class Driver:
    """One study, from its settings to confirmed, ablated and tested rows in the database."""

    def __init__(
        self,
        *,
        database: Database,
        space: Space,
        settings: Settings,
        execution: Execution,
        search: Callable[[], Search],
    ) -> None:
        self._db, self._space, self._settings = database, space, settings
        self._execution, self._make_search = execution, search

    def run(self) -> None:
        """Carry out the phases asked for; `Interrupted` when the execution was asked to stop meanwhile."""
        self._db.interrupt_running(self._settings.name)
        wanted = self._settings.phases
        try:
            if "search" in wanted and self._space.design == "search":
                self._search_phase()
            if "confirm" in wanted:
                self._confirm_phase()
            if "ablate" in wanted and self._space.design == "search":
                self._ablate_phase()
            if "test" in wanted:
                self._test_phase()
        finally:
            self._execution.stop()

    # Phases

    def _search_phase(self) -> None:
        search, settings = self._make_search(), self._settings
        by_trial = {r.trial_number: r for r in self._db.runs(settings.name) if r.trial_number is not None}
        unfinished = []
        for number in search.running():
            row = by_trial.get(number)
            if row is not None and row.status in STATES:
                search.tell(number, row.score, STATES[row.status])
            else:
                unfinished.append(number)
        self._execution.observer.phase("search", settings.trials, search.count() - len(unfinished))

        def next_request() -> Request | None:
            if unfinished:
                proposal = search.resume(unfinished.pop(0))
            elif search.count() < settings.trials:
                proposal = search.ask()
            else:
                return None
            request = self._search_request(proposal.number, proposal.choices, by_trial.get(proposal.number))
            search.note(proposal.number, {"config_digest": request.config.digest(), "seed": request.config.seed})
            return request

        self._execution.train(next_request, search)

    def _search_request(self, number: int, choices: Choices, earlier: RunRow | None) -> Request:
        """The run of a trial. A configuration that comes up again becomes a further seed of the first."""
        config = to_config(self._space, choices, self._settings)
        seed = self._settings.seed
        if earlier is not None:
            seed = earlier.seed
        else:
            used = {row.seed for row in self._db.runs(self._settings.name, config_digest=config.digest())}
            while seed in used:
                seed += 1
        return Request("search", config.with_seed(seed), choices, f"trial {number}", number)

    def _confirm_phase(self) -> None:
        space, settings = self._space, self._settings
        if space.design == "grid":
            cells = phases.grid_cells(space)
        else:
            cells = phases.confirm_cells(space, self._search_ranking(), settings.confirm)
        self._write_cells("confirm", cells)
        self._run_cells("confirm", cells)
        ranking = confirmed_ranking(self._db, settings.name)
        by_digest = {to_config(space, cell.choices, settings).digest(): cell for cell in cells}
        baseline = to_config(space, space.baseline(), settings).digest()
        decisions: dict[str, Any] = {
            "confirmed": ranking,
            "baseline": baseline,
            "baseline_choices": space.baseline(),
        }
        if ranking:
            decisions |= {"best": ranking[0], "best_choices": by_digest[ranking[0]].choices}
        self._db.update_study(settings.name, decisions_json=decisions)

    def _search_ranking(self) -> list[Choices]:
        """Choices of the search's complete runs, best mean score first; at a tie the one seen first."""
        rows = self._db.runs(self._settings.name, phase="search", status="complete")
        scores: dict[str, list[float]] = {}
        choices: dict[str, Choices] = {}
        for row in rows:
            scores.setdefault(row.config_digest, []).append(row.score or 0.0)
            choices.setdefault(row.config_digest, row.choices_json)
        order = sorted(scores, key=lambda digest: -sum(scores[digest]) / len(scores[digest]))
        return [choices[digest] for digest in order]

    def _ablate_phase(self) -> None:
        best = self._decisions().get("best_choices")
        if best is None:
            self._execution.observer.say("Nothing to ablate: no configuration has all its confirmed runs.")
            return
        ablation = phases.ablation_cells(self._space, best, self._settings.ablations)
        cells = [
            CellPlan("best", "best", dict(best)),
            CellPlan("baseline", "baseline", self._space.baseline()),
            *ablation.cells,
        ]
        self._write_cells("ablate", cells)
        left_out = {
            "ablations_left_out": ablation.beyond_budget,
            "ablations_forbidden": [asdict(change) for change in ablation.forbidden],
        }
        decisions = {**self._decisions(), **left_out}
        self._db.update_study(self._settings.name, decisions_json=decisions)
        self._run_cells("ablate", cells)

    def _test_phase(self) -> None:
        """The best and the baseline on `test`, once."""
        decisions, name = self._decisions(), self._settings.name
        digests = dict.fromkeys(d for d in (decisions.get("best"), decisions.get("baseline")) if d is not None)
        seeds = phases.fresh_seeds(self._settings.seed, self._settings.seeds)
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
        self._execution.test([(row, _test_request(row, labels[row.config_digest])) for row in waiting])

    def _decisions(self) -> dict[str, Any]:
        return dict(self._db.require_study(self._settings.name).decisions_json)

    # Cells

    def _write_cells(self, phase: str, cells: Iterable[CellPlan]) -> None:
        rows = []
        for position, cell in enumerate(cells):
            config = to_config(self._space, cell.choices, self._settings)
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

    def _run_cells(self, phase: str, cells: list[CellPlan]) -> None:
        """Every cell with every fresh seed, seed by seed; what is there already, from whatever phase, is not run."""
        requests: dict[tuple[str, int], Request] = {}
        wanted = phases.apart(cells)
        for seed in phases.fresh_seeds(self._settings.seed, self._settings.seeds):
            for names, choices in wanted:
                config = to_config(self._space, choices, self._settings, seed)
                requests.setdefault((config.digest(), seed), Request(phase, config, choices, names))
        waiting = [r for (digest, seed), r in requests.items() if self._needed(digest, seed)]
        self._execution.observer.phase(phase, len(requests), len(requests) - len(waiting))
        self._execution.train(lambda: waiting.pop(0) if waiting else None)

    def _needed(self, digest: str, seed: int) -> bool:
        row = self._db.run_by(self._settings.name, digest, seed)
        if row is None or row.status in ("running", "interrupted"):
            return True
        return row.status == "failed" and row.reason in ("worker_died", "interrupted")


def _test_request(row: RunRow, label: str) -> Request:
    config = RunConfig.model_validate(row.config_json).with_seed(row.seed)
    return Request("test", config, row.choices_json, label)
