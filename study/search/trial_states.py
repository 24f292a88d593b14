"""The states of a study's trials in Optuna's tables, read and repaired from outside a search."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from results.database.rows import RunRow, runs_again
from search_spaces.grammar import Choice
from study.messages import Metrics
from study.search.distributions import strangers
from study.search.objectives import of_row
from study.search.optuna_storage import close, storage_there, trial_id

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class TrialStates:
    """The trials of one study, by number; none where Optuna has no such study yet. Close it: it holds connections.

    `objectives` are those of the search, `pauses` whether its pruned runs may go on (ASHA), `metrics_of` what was
    measured of a run.
    """

    def __init__(
        self,
        storage: str,
        name: str,
        *,
        objectives: Sequence[str],
        pauses: bool,
        metrics_of: Callable[[int], Metrics],
    ) -> None:
        self._objectives, self._pauses, self._metrics_of = objectives, pauses, metrics_of
        self._database = storage_there(storage)
        self._trials: dict[int, FrozenTrial] = {}
        if self._database is not None:
            with contextlib.suppress(KeyError):  # no search was opened yet
                self._study_id = self._database.get_study_id_from_name(name)
                self._trials = {t.number: t for t in self._database.get_all_trials(self._study_id, deepcopy=False)}

    def close(self) -> None:
        """Close the connections."""
        if self._database is not None:
            close(self._database)

    def to_come(self, run: RunRow) -> bool:
        """Return whether a search will make the run's trial when it is opened: those that another study had carried
        out.
        """
        return run.status in STATES and run.trial_number is not None and run.trial_number >= len(self._trials)

    def disagreement(self, run: RunRow) -> str | None:
        """Return what Optuna says of a run's trial where the run says something else; None where they agree."""
        if run.trial_number is None:
            return None
        trial = self._trials.get(run.trial_number)
        if trial is None:
            return "has no such trial"
        if trial.state == TrialState.RUNNING:
            return "says RUNNING" if self._is_told(run) else None
        wanted = self._end(run)[0] if run.status in STATES else TrialState.RUNNING
        return None if trial.state == wanted else f"says {trial.state.name}"

    def outside(self) -> dict[int, dict[str, Choice]]:
        """Return parameters that are outside of what a search may choose, by the numbers of their trials."""
        found = {number: strangers(trial) for number, trial in self._trials.items()}
        return {number: outside for number, outside in found.items() if outside}

    def can_mend(self, run: RunRow) -> bool:
        """Return whether Optuna can be told: its trial still runs, the run has ended."""
        trial = self._trials.get(-1 if run.trial_number is None else run.trial_number)
        return trial is not None and trial.state == TrialState.RUNNING and self._is_told(run)

    def mend(self, run: RunRow) -> None:
        """Tell Optuna how the run ended."""
        assert self._database is not None and run.trial_number is not None
        trial, (state, values) = trial_id(self._database, self._study_id, run.trial_number), self._end(run)
        with contextlib.suppress(UpdateFinishedTrialError):  # its driver has told it meanwhile
            self._database.set_trial_state_values(trial, state, values)

    def _is_told(self, run: RunRow) -> bool:
        """Return whether Optuna hears how a run ended now; of a paused one it hears when the search is over."""
        paused = self._pauses and run.status == "pruned"
        return run.status in STATES and not paused and not runs_again(run.status, run.reason)

    def _end(self, run: RunRow) -> tuple[TrialState, list[float] | None]:
        """Return what a search reports of an ended run: a failure where an objective has no value that is a number."""
        state = STATES[run.status]
        if state != TrialState.COMPLETE:
            return state, None
        values = of_row(self._objectives, run, self._metrics_of(run.id))
        if values is None or not all(map(math.isfinite, values)):
            return TrialState.FAIL, None
        return state, values
