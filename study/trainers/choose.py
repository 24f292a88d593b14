"""Which trainer a study has."""

from __future__ import annotations

from collections.abc import Mapping

from study.settings import MTBERT, REHEARSAL, Settings
from study.trainers.abstract import AbstractTrainer


def trainer_of(settings: Settings, faults: Mapping[str, float], seconds: float | None) -> AbstractTrainer:
    """The trainer that the settings name, everything checked. `faults` and `seconds` of a run are for a rehearsal.

    Each is imported only where it is wanted: a rehearsal needs no torch.
    """
    if settings.trainer == MTBERT:
        from study.trainers.multitask_bert import MultitaskBert

        return MultitaskBert(settings)
    if settings.trainer == REHEARSAL:
        from study.trainers.rehearsal import Rehearsal

        return Rehearsal(settings, faults) if seconds is None else Rehearsal(settings, faults, seconds)
    from study.trainers.own import OwnModel

    return OwnModel(settings)
