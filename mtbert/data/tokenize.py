"""From sentences to token numbers, once per study: ragged arrays that every worker maps from disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mtbert.data import subset
from mtbert.data.examples import Corpus, Split

PAD_TOKEN = "[PAD]"


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different length in one array: row i is values[offsets[i]:offsets[i + 1]].

    `values` int32 (total,), `offsets` int64 (n + 1,).
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens in each row, (n,)."""
        return np.diff(self.offsets)

    def take(self, indices: NDArray[np.int64]) -> Ragged:
        """Return the rows at `indices`, in that order."""
        starts, lengths = self.offsets[indices], self.offsets[indices + 1] - self.offsets[indices]
        offsets = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged(self.values[places], offsets)


@dataclass(frozen=True, eq=False)
class TokenizedSplit:
    """A split as token numbers; `second` is None for tasks with one sentence, labels are float32 (n,)."""

    ids: tuple[str, ...]
    first: Ragged
    second: Ragged | None
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each example, of the longer sentence for pairs; they decide a batch's width; (n,)."""
        if self.second is None:
            return self.first.lengths()
        return np.maximum(self.first.lengths(), self.second.lengths())

    def take(self, indices: NDArray[np.int64]) -> TokenizedSplit:
        """Return the examples at `indices`, in that order."""
        return TokenizedSplit(
            ids=tuple(self.ids[int(i)] for i in indices),
            first=self.first.take(indices),
            second=None if self.second is None else self.second.take(indices),
            labels=np.asarray(self.labels)[indices],
        )


@dataclass(frozen=True, eq=False)
class Prepared:
    """Tokenized splits by (task, split), and what is needed to make batches of them.

    `texts` are sentences without labels for pretraining, by corpus (`texts.read_texts`); empty if no stage reads any.
    `fingerprint` is the SHA-256 of the chosen rows, the texts, `max_tokens` and the tokenizer; equal ones mean equal
    arrays.
    """

    splits: Mapping[tuple[str, str], TokenizedSplit]
    pad_id: int
    vocabulary_size: int
    fingerprint: str
    max_tokens: int
    tokenizer_json: str
    texts: Mapping[str, Ragged] = field(default_factory=dict)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each piece that a stage may read: "tokenizer", "<task>.<split>", "texts.<corpus>"."""
        hashes = {"tokenizer": hashlib.sha256(f"{self.pad_id}\n{self.tokenizer_json}".encode()).hexdigest()}
        for (task, split), tokens in self.splits.items():
            pair = () if tokens.second is None else (tokens.second.values, tokens.second.offsets)
            ids = np.frombuffer("\n".join(tokens.ids).encode(), dtype=np.uint8)
            hashes[f"{task}.{split}"] = _digest(ids, tokens.labels, tokens.first.values, tokens.first.offsets, *pair)
        for corpus, rows in self.texts.items():
            hashes[f"texts.{corpus}"] = _digest(rows.values, rows.offsets)
        return hashes


def joined(parts: Sequence[Ragged]) -> Ragged:
    """Return the rows of all parts, one part after the other."""
    lengths = np.concatenate([part.lengths() for part in parts])
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Ragged(np.concatenate([part.values[part.offsets[0] : part.offsets[-1]] for part in parts]), offsets)


def tokenize_split(split: Split, tokenizer: Tokenizer, max_tokens: int) -> TokenizedSplit:
    """Return token numbers with [CLS] first and [SEP] last; longer texts are cut to `max_tokens`, [SEP] kept.

    Padding and truncation settings of `tokenizer` are not used, and it is not changed.
    """
    plain = _plain(tokenizer, max_tokens)
    return TokenizedSplit(
        ids=split.ids,
        first=_encode(split.texts, plain, max_tokens),
        second=None if split.texts2 is None else _encode(split.texts2, plain, max_tokens),
        labels=np.array(split.labels, dtype=np.float32),
    )


def tokenize_texts(texts: Sequence[str], tokenizer: Tokenizer, max_tokens: int) -> Ragged:
    """Return token numbers of sentences without labels, as in `tokenize_split`."""
    return _encode(texts, _plain(tokenizer, max_tokens), max_tokens)


def choose(
    corpus: Corpus,
    train_examples: int | None = None,
    dev_examples: int | None = None,
    subset_seed: int | None = None,
) -> dict[tuple[str, str], Split]:
    """Return the rows a run uses: a subset of train, the parts of dev (`subset.dev_parts`), and all of test.

    Unlabelled rows are left out. `subset_seed` draws the training rows (`subset.first`).
    """
    chosen: dict[tuple[str, str], Split] = {}
    for task, data in corpus.tasks.items():
        chosen[task, "train"] = subset.first(data.train, train_examples, subset_seed)
        chosen[task, "search"], chosen[task, "dev"] = subset.dev_parts(data.dev, dev_examples)
        chosen[task, "test"] = data.test
    return chosen


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _plain(tokenizer: Tokenizer, max_tokens: int) -> Tokenizer:
    """Return a copy of the tokenizer without padding and truncation.

    Raises:
        ValueError: `max_tokens` leaves no room for a token.
    """
    if max_tokens < 3:
        raise ValueError(f"max_tokens must be at least 3 ([CLS], one token, [SEP]), got {max_tokens}")
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.no_padding()
    plain.no_truncation()
    return plain


def _encode(texts: Sequence[str], tokenizer: Tokenizer, max_tokens: int) -> Ragged:
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    # The tokenizer's own truncation is not used, because it would change the caller's object.
    rows = [row if len(row) <= max_tokens else [*row[: max_tokens - 1], row[-1]] for row in rows]
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    values = np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(offsets[-1]))
    return Ragged(values=values, offsets=offsets)
