"""The prepared data of a study: one folder, or one for each seed that draws training sentences (`--vary train`)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mtbert.config import RunConfig
from mtbert.data.texts import TASKS, read_texts
from mtbert.data.tokenize import Prepared
from mtbert.errors import DataError
from mtbert.run import prepare_data
from study.trainers.bert.preparation import Checked


@dataclass(frozen=True, eq=False)
class DrawnData:
    """Data prepared in `folder` for the baseline, and beside it for every other seed that a run draws sentences from.

    What the seed does not change (dev, test, other corpora) is tokenized once.
    """

    checked: Checked
    folder: Path
    prepared: Prepared
    _hashes: dict[int | None, Mapping[str, str]] = field(default_factory=dict)

    def folder_of(self, config: RunConfig) -> Path:
        """Return the folder that a run reads; prepare it if no earlier run has read it."""
        self.hashes_of(config)
        return self._folder(config.subset_seed)

    def hashes_of(self, config: RunConfig) -> Mapping[str, str]:
        """Return `Prepared.hashes` of what a run reads."""
        seed = config.subset_seed
        if seed not in self._hashes:
            drawn = self.prepared if self._folder(seed) == self.folder else self._draw(config.subset_seed)
            self._hashes[seed] = drawn.hashes
        return self._hashes[seed]

    def _folder(self, seed: int | None) -> Path:
        own = seed != self.checked.baseline.subset_seed
        return self.folder.with_name(f"{self.folder.name}-{seed}") if own else self.folder

    def _draw(self, seed: int | None) -> Prepared:
        """Return the data with the training sentences of a seed, and their sentences for pretraining."""
        checked, texts = self.checked, dict(self.checked.sentences.texts)
        baseline = checked.baseline.with_seed(seed or 0)
        if texts.pop(TASKS, None) is not None:
            with suppress(DataError):  # none is left: the run that needs them fails, and says so
                texts |= read_texts(checked.corpus, {TASKS: None}, baseline.data.train_examples, seed)
        return prepare_data(baseline, checked.corpus, texts, self._folder(seed), self.prepared)
