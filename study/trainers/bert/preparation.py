"""Preparation of a study: everything is checked, and the data is read and tokenized once for all workers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtbert.config import RunConfig
from mtbert.data import measurable
from mtbert.data.examples import Corpus
from mtbert.data.load import load_corpus
from mtbert.data.subset import dev_parts, require_choice
from mtbert.data.texts import triplets_in
from mtbert.data.tokenize import Prepared
from mtbert.encoder.backbones import check, check_layers, fetch
from mtbert.run import prepare_data
from search_spaces import Space, load
from search_spaces.grammar.pinning import pin
from study.settings import Settings
from study.trainers.bert.configuration import check_space, restricted
from study.trainers.bert.pretraining_texts import Sentences, with_sentences


@dataclass(frozen=True, eq=False)
class Checked:
    """A checked study: its space with pins applied, the baseline, the data, and the sentences for pretraining."""

    space: Space
    baseline: RunConfig
    corpus: Corpus
    sentences: Sentences


def check_all(settings: Settings) -> Checked:
    """Check space, pins, backbone, every level's configuration, and the data, cheapest first; write nothing.

    Raises:
        SpaceError, BackboneError, ConfigurationError, DataError: the first of these that has faults.
    """
    space = pin(restricted(load(settings.space), settings), settings.pins)
    check(settings.backbone)
    fetch(settings.backbone)  # downloads a model of the hub, or fails, before anything is written
    check_layers(settings.backbone, settings.layers)
    baseline = check_space(space, settings).with_seed(settings.seed)  # the search's: it draws the first sentences
    corpus = load_corpus(settings.data, tuple(baseline.tasks), strict=settings.strict_data)
    if settings.vary == "train":
        require_choice(corpus, settings.train_examples)
    measurable.require(corpus, settings.dev_examples, test="test" in settings.phases)
    sentences = with_sentences(space, settings, corpus)
    return Checked(sentences.space, baseline, corpus, sentences)


def prepare(checked: Checked, folder: Path) -> Prepared:
    """Return the tokenized data: read from `folder` where it is up to date, else written there."""
    return prepare_data(checked.baseline, checked.corpus, checked.sentences.texts, folder)


def deciding_rows(corpus: Corpus) -> dict[str, int]:
    """Return the number of dev rows of each task that decide, without a limit."""
    return {name: len(dev_parts(task.dev)[1]) for name, task in corpus.tasks.items()}


def describe_data(checked: Checked, prepared: Prepared) -> dict[str, Any]:
    """Return the numbers about the data that `study_meta.data_json` stores."""
    corpus, triplets = checked.corpus, triplets_in(prepared.texts)
    return {
        "rows": {f"{task}/{split}": len(rows) for (task, split), rows in prepared.splits.items()},
        "dev_rows_available": deciding_rows(corpus),
        "overlap": dict(corpus.overlap),
        "leaking_rows": {task: leaking.rows for task, leaking in corpus.leaking.items()},
        "leaking_rows_of_own_splits": {task: leaking.own for task, leaking in corpus.leaking.items()},
        "rows_read": dict(corpus.rows_read),
        "dropped": len(corpus.issues),
        "sentences": {name: len(rows) for name, rows in prepared.texts.items()},
        "triplets": {} if triplets is None else {"simcse_supervised": triplets},
        "left_out": dict(checked.sentences.left_out),
        "prepared_fingerprint": prepared.fingerprint,
    }
