"""The states of a study's trials in Optuna's tables, read and repaired outside a search."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from results.database.rows import RunRow, runs_again
from search_spaces.grammar import Choice
from study.messages import Metrics
from study.search.distributions import outside_range
from study.search.objectives import of_row
from study.search.optuna_storage import close, existing_storage, trial_id

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class TrialStates:
    """The trials of one study, none if Optuna does not have the study yet. It holds connections, so close it.

    `objectives` are those of the search, `pauses` says whether its pruned runs may continue (ASHA), and `metrics_of`
    returns the metrics of a run.
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
        self._database = existing_storage(storage)
        self._trials: dict[int, FrozenTrial] = {}
        if self._database is not None:
            with contextlib.suppress(KeyError):  # the study has not searched yet
                self._study_id = self._database.get_study_id_from_name(name)
                self._trials = {t.number: t for t in self._database.get_all_trials(self._study_id, deepcopy=False)}

    def close(self) -> None:
        """Close the connections."""
        if self._database is not None:
            close(self._database)

    def to_come(self, run: RunRow) -> bool:
        """Return whether a search will create the run's trial when it opens, as for a run of another study."""
        return run.status in STATES and run.trial_number is not None and run.trial_number >= len(self._trials)

    def disagreement(self, run: RunRow) -> str | None:
        """Return Optuna's state of a run's trial if it contradicts the run, else None."""
        if run.trial_number is None:
            return None
        trial = self._trials.get(run.trial_number)
        if trial is None:
            return "has no such trial"
        if trial.state == TrialState.RUNNING:
            return "says RUNNING" if self._has_final_state(run) else None
        expected = self._end(run)[0] if run.status in STATES else TrialState.RUNNING
        return None if trial.state == expected else f"says {trial.state.name}"

    def outside(self) -> dict[int, dict[str, Choice]]:
        """Return the parameters whose values the search may not choose, by trial number."""
        by_trial = {number: outside_range(trial) for number, trial in self._trials.items()}
        return {number: outside for number, outside in by_trial.items() if outside}

    def can_mend(self, run: RunRow) -> bool:
        """Return whether the trial is still running in Optuna's tables although the run has ended."""
        trial = self._trials.get(-1 if run.trial_number is None else run.trial_number)
        return trial is not None and trial.state == TrialState.RUNNING and self._has_final_state(run)

    def mend(self, run: RunRow) -> None:
        """Write the end of the run to its trial."""
        assert self._database is not None and run.trial_number is not None
        trial, (state, values) = trial_id(self._database, self._study_id, run.trial_number), self._end(run)
        with contextlib.suppress(UpdateFinishedTrialError):  # its driver has written it meanwhile
            self._database.set_trial_state_values(trial, state, values)

    def _has_final_state(self, run: RunRow) -> bool:
        """Return whether a run's trial should have ended; that of a paused run ends with the search."""
        paused = self._pauses and run.status == "pruned"
        return run.status in STATES and not paused and not runs_again(run.status, run.reason)

    def _end(self, run: RunRow) -> tuple[TrialState, list[float] | None]:
        """Return the state and values that a search writes for an ended run; without finite values it failed."""
        state = STATES[run.status]
        if state != TrialState.COMPLETE:
            return state, None
        values = of_row(self._objectives, run, self._metrics_of(run.id))
        if values is None or not all(map(math.isfinite, values)):
            return TrialState.FAIL, None
        return state, values
