"""A trained model for use: `mtbert.load(path).predict(task, texts, texts2)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mtbert import checkpoint, components
from mtbert.config import RunConfig
from mtbert.data.examples import Split
from mtbert.data.tokenize import PAD_TOKEN, tokenize_split
from mtbert.encoder.shape import BertShape
from mtbert.errors import ConfigurationError, Fault, unknown
from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import outputs_of


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model in evaluation mode, with the configuration and the tokenizer it was trained with."""

    model: MultitaskModel
    config: RunConfig
    tokenizer: Tokenizer

    @property
    def pad_id(self) -> int:
        """The token that fills up a batch; any token will do, because it is masked."""
        return self.tokenizer.token_to_id(PAD_TOKEN) or 0

    @property
    def max_tokens(self) -> int:
        """The number of tokens of a sentence that are read; longer ones are cut, as in training."""
        shape, most = self.model.encoder.shape, self.config.data.max_tokens
        return min(most, shape.positions) if isinstance(shape, BertShape) else most

    def predict(self, task: str, texts: Sequence[str], texts2: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return one prediction per text (or pair): the class, 0 or 1, or the model's similarity.

        Raises:
            ConfigurationError: the model was not trained on the task, or `texts2` is missing, not wanted, or of another
            length.
        """
        outputs, description = self.outputs(task, texts, texts2)
        return description.predictions(outputs).astype(np.float32)

    def outputs(
        self, task: str, texts: Sequence[str], texts2: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], AbstractTask]:
        """Return the raw outputs (texts, outputs) and the task they belong to; errors as in `predict`."""
        if task not in self.model.heads:
            raise ConfigurationError([Fault("task", unknown("task of this model", task, self.model.heads))])
        description: AbstractTask = components.build("tasks", task, {})
        if description.pair != (texts2 is not None):
            reads = "pairs: give texts2 as well" if description.pair else "single sentences: leave texts2 out"
            raise ConfigurationError([Fault("texts2", f"{task} reads {reads}")])
        if texts2 is not None and len(texts2) != len(texts):
            raise ConfigurationError(
                [Fault("texts2", f"needs {len(texts)} texts, one for each of texts, got {len(texts2)}")]
            )
        if not texts:
            return np.zeros((0, description.outputs), np.float32), description
        split = Split(
            ids=tuple(str(i) for i in range(len(texts))),
            texts=tuple(texts),
            texts2=None if texts2 is None else tuple(texts2),
            labels=np.full(len(texts), np.nan, np.float32),
        )
        tokens = tokenize_split(split, self.tokenizer, self.max_tokens)
        return outputs_of(self.model, task, tokens, self.pad_id), description


def load(path: str | Path) -> TrainedModel:
    """Return a trained model from a folder written by `mtbert.train` or `study.launch`.

    Raises:
        CheckpointError: a file is missing or damaged; the message names it.
    """
    return TrainedModel(*checkpoint.load(Path(path)))
