"""Tokenized data, saved in a folder once per study, complete or not at all, and mapped from disk by every worker.

meta.json                      format, numbers, the ids of every split tokenizer.json                 the tokenizer that
made it <task>.<split>.<array>.npy     labels, and values and offsets of the first and second sentences
texts.<number>.<array>.npy     values and offsets of the sentences for pretraining, corpus by corpus
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mtbert.atomic_files import replace_folder
from mtbert.data.examples import Corpus, Split, fingerprint
from mtbert.data.texts import TASKS
from mtbert.data.tokenize import (
    PAD_TOKEN,
    Prepared,
    Ragged,
    TokenizedSplit,
    choose,
    tokenize_split,
    tokenize_texts,
)
from mtbert.errors import DataError

FORMAT = 1  # of the folder; raised when its meaning changes
PAD_TOKENS = (PAD_TOKEN, "<pad>")  # padding is masked, so either will do


def prepare(
    corpus: Corpus,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    train_examples: int | None = None,
    dev_examples: int | None = None,
    subset_seed: int | None = None,
    texts: Mapping[str, Sequence[str]] | None = None,
    folder: Path | None = None,
    same: Prepared | None = None,
) -> Prepared:
    """Choose the rows (see `choose`) and tokenize them and the texts.

    With `folder`, data that an earlier call saved there is opened if it is the same, and saved there otherwise. What
    does not depend on `subset_seed` is taken from `same`, prepared from the same corpus with another one.

    Raises:
        ValueError: the tokenizer has no padding token.
    """
    chosen, texts = choose(corpus, train_examples, dev_examples, subset_seed), texts or {}
    tokenizer_json = tokenizer.to_str()
    key = _fingerprint(chosen, texts, max_tokens, tokenizer_json)
    if folder is not None:
        with suppress(DataError):  # there is none, or it is damaged
            saved = load_prepared(folder)
            if saved.fingerprint == key:
                return saved
    pad_id = next((number for name in PAD_TOKENS if (number := tokenizer.token_to_id(name)) is not None), None)
    if pad_id is None:
        raise ValueError(f"the tokenizer must have a {PAD_TOKEN} token")
    splits = {} if same is None else {key: split for key, split in same.splits.items() if key[1] != "train"}
    rows = {} if same is None else {name: rows for name, rows in same.texts.items() if name != TASKS}
    prepared = Prepared(
        splits={key: splits.get(key) or tokenize_split(split, tokenizer, max_tokens) for key, split in chosen.items()},
        pad_id=pad_id,
        vocabulary_size=tokenizer.get_vocab_size(),
        fingerprint=key,
        max_tokens=max_tokens,
        tokenizer_json=tokenizer_json,
        texts={name: rows.get(name) or tokenize_texts(each, tokenizer, max_tokens) for name, each in texts.items()},
    )
    if folder is not None:
        save_prepared(prepared, folder)
    return prepared


def save_prepared(prepared: Prepared, folder: str | Path) -> None:
    """Save data in a folder: write a temporary folder, sync it, and rename it over an existing one."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(prepared, temporary)
        replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def load_prepared(folder: str | Path) -> Prepared:
    """Open data that `save_prepared` wrote; the arrays are read from disk when used, and are read-only.

    Raises:
        DataError: the folder is missing, damaged or of another format.
    """
    folder = Path(folder)
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise DataError(f"{folder} has format {meta['format']}, this version reads {FORMAT}. Delete it.")
        splits = {(entry["task"], entry["split"]): _open(folder, entry) for entry in meta["splits"]}
        return Prepared(
            splits=splits,
            pad_id=int(meta["pad_id"]),
            vocabulary_size=int(meta["vocabulary_size"]),
            fingerprint=str(meta["fingerprint"]),
            max_tokens=int(meta["max_tokens"]),
            tokenizer_json=(folder / "tokenizer.json").read_text(encoding="utf-8"),
            texts={
                entry["corpus"]: _open_ragged(folder, f"texts.{number}", int(entry["rows"]))
                for number, entry in enumerate(meta.get("texts", ()))
            },
        )
    except DataError:
        raise
    except Exception as error:  # numpy's header parser raises what Python's does, such as SyntaxError
        raise DataError(
            f"{folder} does not hold prepared data, or it is damaged ({error}). Delete it and launch again."
        ) from error


def _write(prepared: Prepared, folder: Path) -> None:
    entries = []
    for (task, split), tokens in prepared.splits.items():
        for name, array in _arrays(tokens).items():
            _write_array(folder / f"{task}.{split}.{name}.npy", array)
        entries.append({"task": task, "split": split, "pair": tokens.second is not None, "ids": tokens.ids})
    texts = []
    for number, (corpus, rows) in enumerate(prepared.texts.items()):
        _write_array(folder / f"texts.{number}.values.npy", rows.values)
        _write_array(folder / f"texts.{number}.offsets.npy", rows.offsets)
        texts.append({"corpus": corpus, "rows": len(rows)})
    meta = {
        "format": FORMAT,
        "pad_id": prepared.pad_id,
        "vocabulary_size": prepared.vocabulary_size,
        "fingerprint": prepared.fingerprint,
        "max_tokens": prepared.max_tokens,
        "splits": entries,
        "texts": texts,
    }
    for file_name, text in (("tokenizer.json", prepared.tokenizer_json), ("meta.json", json.dumps(meta))):
        with (folder / file_name).open("w", encoding="utf-8") as text_file:
            text_file.write(text)
            text_file.flush()
            os.fsync(text_file.fileno())


def _write_array(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _arrays(tokens: TokenizedSplit) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "labels": tokens.labels,
        "first.values": tokens.first.values,
        "first.offsets": tokens.first.offsets,
    }
    if tokens.second is not None:
        arrays |= {"second.values": tokens.second.values, "second.offsets": tokens.second.offsets}
    return arrays


def _fingerprint(
    chosen: Mapping[tuple[str, str], Split],
    texts: Mapping[str, Sequence[str]],
    max_tokens: int,
    tokenizer_json: str,
) -> str:
    """Return the fingerprint of prepared data, before anything is tokenized."""
    parts = [fingerprint(chosen), max_tokens, hashlib.sha256(tokenizer_json.encode()).hexdigest()]
    if texts:  # without texts, it is the same as before the release that added them
        parts += [
            hashlib.sha256(json.dumps([name, *rows]).encode()).hexdigest() for name, rows in sorted(texts.items())
        ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _open(folder: Path, entry: dict[str, Any]) -> TokenizedSplit:
    stem, rows = f"{entry['task']}.{entry['split']}", len(entry["ids"])
    labels = _open_array(folder, f"{stem}.labels")
    if len(labels) != rows:
        raise ValueError(f"{stem}.labels does not fit its ids")
    first = _open_ragged(folder, f"{stem}.first", rows)
    second = _open_ragged(folder, f"{stem}.second", rows) if entry["pair"] else None
    return TokenizedSplit(ids=tuple(entry["ids"]), first=first, second=second, labels=labels)


def _open_ragged(folder: Path, stem: str, rows: int) -> Ragged:
    opened = Ragged(values=_open_array(folder, f"{stem}.values"), offsets=_open_array(folder, f"{stem}.offsets"))
    if len(opened) != rows or int(opened.offsets[-1]) != len(opened.values):
        raise ValueError(f"{stem} does not have its {rows} rows")
    return opened


def _open_array(folder: Path, stem: str) -> NDArray[Any]:
    opened: NDArray[Any] = np.load(folder / f"{stem}.npy", mmap_mode="r", allow_pickle=False)
    return opened
