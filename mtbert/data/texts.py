"""Sentences for pretraining: which corpora a configuration needs, and which of their sentences may be used.

They never include a sentence of any dev or test split (nor of a published test set without labels): Rotten Tomatoes
contains three quarters of SST's dev sentences. `held_out.sentence_key` decides which sentences are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Sized

from mtbert.config import RunConfig
from mtbert.config.stages import DOMAINS, corpora_of
from mtbert.data import subset, text_sources
from mtbert.data.examples import Corpus
from mtbert.data.held_out import counted, held_out_keys, sentence_key, sentences_of
from mtbert.errors import DataError

# The corpus of the sentences that are trained on, which varies with them.
TASKS = "tasks"

# The three columns of the triplets, which are stored like corpora; row i of each belong together.
NLI = "nli"
TRIPLET_TEXTS = ("nli.sent0", "nli.sent1", "nli.hard_neg")

# Corpus -> the largest number of its sentences that are used; None: all.
Needs = Mapping[str, int | None]


def needs_of(config: RunConfig) -> dict[str, Needs]:
    """Return the corpora that each stage of a configuration reads."""
    needs: dict[str, Needs] = {}
    if config.mlm is not None:
        needs["mlm"] = dict.fromkeys(corpora_of(config.mlm.corpora), config.mlm.max_sentences)
    if config.simcse_unsupervised is not None:
        part = config.simcse_unsupervised
        needs["simcse_unsupervised"] = dict.fromkeys(corpora_of(part.corpus), part.sentences)
    if config.simcse_supervised is not None:
        needs["simcse_supervised"] = {NLI: config.simcse_supervised.triplets}
    return needs


def together(needs: Iterable[Needs]) -> dict[str, int | None]:
    """Return what satisfies all of them: every corpus that one needs, with the largest number of sentences."""
    result: dict[str, int | None] = {}
    for need in needs:
        for name, most in need.items():
            before = result.get(name, 0)
            result[name] = None if most is None or before is None else max(before, most)
    return dict(sorted(result.items()))


def read_texts(
    corpus: Corpus, needs: Needs, train_examples: int | None, subset_seed: int | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the sentences of each corpus without duplicates and held-out ones, in the order of their SHA-256.

    The first n are thus the same for every run, and part of any larger number. "tasks" are the sentences of the
    examples that are trained on (`train_examples` per task, drawn by `subset_seed`).

    Raises:
        DataError: the data has no such corpus, or nothing of it is left.
    """
    if not needs:
        return {}
    held = frozenset[str]().union(*(held_out_keys(data) for data in corpus.tasks.values()))
    result: dict[str, tuple[str, ...]] = {}
    for name, most in needs.items():
        if name == NLI:
            result |= _triplets(corpus.source, held, most)
        else:
            result[name] = _sentences(_read(corpus, name, train_examples, subset_seed), held, most)
    empty = [name for name, texts in result.items() if not texts]
    if empty:
        raise DataError(f"{corpus.source}: nothing of {', '.join(empty)} is left without the dev and test sentences.")
    return result


def triplets_in(texts: Mapping[str, Sized]) -> int | None:
    """Return the number of triplets for `simcse_supervised`; None if no configuration needs any."""
    return len(texts[TRIPLET_TEXTS[0]]) if TRIPLET_TEXTS[0] in texts else None


def triplets_note(texts: Mapping[str, Sized]) -> list[str]:
    """Return a line with the number of triplets for `simcse_supervised`, if there are any."""
    count = triplets_in(texts)
    if count is None:
        return []
    return [f"simcse_supervised has {counted(count, 'triplet')}; Gao et al. 2021 used about 276,000"]


def _read(corpus: Corpus, name: str, train_examples: int | None, subset_seed: int | None) -> Iterable[str]:
    if name == TASKS:
        splits = (subset.first(data.train, train_examples, subset_seed) for data in corpus.tasks.values())
        return (text for split in splits for text in sentences_of(split))
    if name == "in_domain":
        return text_sources.in_domain(corpus.source)
    if name in DOMAINS:
        return text_sources.domain(corpus.source, name)
    if name == "wikipedia":
        return text_sources.wikipedia(corpus.source)
    return text_sources.text_file(corpus.source, name)


def _sentences(texts: Iterable[str], held: frozenset[str], most: int | None) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for text in texts:
        key = sentence_key(text)
        if key and key not in held:
            kept.setdefault(key, text.strip())
    return tuple(sorted(kept.values(), key=_order)[:most])


def _triplets(source: str, held: frozenset[str], most: int | None) -> dict[str, tuple[str, ...]]:
    kept: dict[tuple[str, ...], Sequence[str]] = {}
    for triplet in text_sources.triplets(source):
        keys = tuple(sentence_key(text) for text in triplet)
        if all(keys) and not held.intersection(keys):
            kept.setdefault(keys, triplet)
    chosen = sorted(kept.values(), key=lambda triplet: _order("\n".join(triplet)))[:most]
    return {name: tuple(triplet[i] for triplet in chosen) for i, name in enumerate(TRIPLET_TEXTS)}


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
