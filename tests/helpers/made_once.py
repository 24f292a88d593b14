"""What is the same for every test, and is therefore made once for each process of the tests."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def demo_made_once() -> Iterator[None]:
    """The demo's data."""
    from mtbert.data import demo

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "generate", functools.cache(demo.generate))
        yield


@pytest.fixture(autouse=True, scope="session")
def vocabularies_trained_once() -> Iterator[None]:
    """The vocabulary of `tiny` and `bilstm`: trained on all training texts, whichever few of them a test reads."""
    from tokenizers import Tokenizer

    from mtbert.encoder import tiny_vocabulary

    @functools.cache
    def vocabulary(texts: tuple[str, ...], size: int) -> dict[str, int]:
        return tiny_vocabulary.train_vocabulary(tiny_vocabulary.count_words(texts), size)

    def trained(texts: Iterable[str], size: int = tiny_vocabulary.VOCABULARY_SIZE) -> Tokenizer:
        return tiny_vocabulary.bert_tokenizer(dict(vocabulary(tuple(texts), size)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_vocabulary, "train_tokenizer", trained)
        yield


@pytest.fixture(autouse=True, scope="session")
def migrations_read_once() -> Iterator[None]:
    """Alembic reads the scripts behind a database's tables, ours and Optuna's, for every database that is opened."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def remembered(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        return known[place] if place in known else known.setdefault(place, read(config))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", remembered)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """SQLite does not wait until a transaction is on the disk, which takes longer than all else that a test does."""
    from sqlalchemy import Engine, event

    def set_up(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", set_up)
    yield
    event.remove(Engine, "connect", set_up)
