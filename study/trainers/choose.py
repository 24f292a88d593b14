"""The choice of a study's trainer."""

from __future__ import annotations

from study.settings import MTBERT, REHEARSAL, Settings
from study.trainers.abstract import AbstractTrainer


def trainer_of(settings: Settings) -> AbstractTrainer:
    """Return the trainer that the settings name, with everything checked.

    Raises:
        SettingsError: the trainer cannot be used; faults of the space or the data have errors of their kinds.
    """
    if settings.trainer == MTBERT:  # imported here: a rehearsal needs no torch
        from study.trainers.bert.trainer import MultitaskBert

        return MultitaskBert(settings)
    if settings.trainer == REHEARSAL:
        from study.trainers.rehearsal.trainer import Rehearsal, rehearsal_options

        return Rehearsal(settings, **rehearsal_options())
    from study.trainers.custom.trainer import CustomTrainer

    return CustomTrainer(settings)
