"""The states of a study's trials in Optuna's tables, read and mended from outside a search."""

from __future__ import annotations

from optuna.storages import RDBStorage
from optuna.trial import TrialState

from results.rows import RunRow, runs_again

ENDED = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class TrialStates:
    """The trials of one study, by number. Close it: it holds connections."""

    def __init__(self, storage: str, name: str) -> None:
        self._database = RDBStorage(storage, skip_table_creation=True, skip_compatibility_check=True)
        trials = self._database.get_all_trials(self._database.get_study_id_from_name(name), deepcopy=False)
        self._trials = {trial.number: trial for trial in trials}

    def close(self) -> None:
        """Give the connections back."""
        self._database.remove_session()
        self._database.engine.dispose()

    def disagreement(self, run: RunRow) -> str | None:
        """What Optuna says of a run's trial, where this is not what the run says; None where they agree."""
        trial = self._trials.get(-1 if run.trial_number is None else run.trial_number)
        if trial is None:
            return None if run.trial_number is None else "has no such trial"
        wanted = ENDED.get(run.status, TrialState.RUNNING)
        if trial.state == TrialState.RUNNING and runs_again(run.status, run.reason):
            return None
        return None if trial.state == wanted else f"says {trial.state.name}"

    def can_mend(self, run: RunRow) -> bool:
        """Whether Optuna can be told: its trial still runs, the run has ended."""
        trial = self._trials.get(-1 if run.trial_number is None else run.trial_number)
        running = trial is not None and trial.state == TrialState.RUNNING
        return running and run.status in ENDED and not runs_again(run.status, run.reason)

    def mend(self, run: RunRow) -> None:
        """Tell Optuna how the run ended."""
        trial, state = self._trials[run.trial_number or 0], ENDED[run.status]
        values = [run.score] if state == TrialState.COMPLETE and run.score is not None else None
        if state == TrialState.COMPLETE and values is None:  # a score that is no number is a failure, for Optuna
            state = TrialState.FAIL
        self._database.set_trial_state_values(trial._trial_id, state, values)
