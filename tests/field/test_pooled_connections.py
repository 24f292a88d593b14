"""PostgreSQL behind a pool that gives every transaction another session, and the parameters of a storage's URL."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from bouncer import pooled
from optuna.trial import TrialState
from place import Place
from postgres import own_database

from results.database.connection import engine_options, plain_url
from results.database.database import open_database
from results.database.url import parse_url
from results.errors import StorageError
from search_spaces import load
from study.search.optuna_search import Search
from study.search.optuna_storage import existing_storage

ASKED = ("--space", "pooling", "--rehearse", "--trials", "4", "--seeds", "2", "--confirm", "1", "--name", "r")


@pytest.mark.slow
def test_a_study_runs_behind_a_pool_in_transaction_mode(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with own_database() as direct, pooled(direct) as url:
        done = place.call(*ASKED, "--storage", url)
        assert done.returncode == 0, done.stderr
        assert place.call(*ASKED, "--storage", url, "--trials", "5").returncode == 0
        for module in ("study.status", "study.doctor", "results.report", "results.export"):
            told = place.call("--name", "r", "--storage", url, module=module)
            assert told.returncode == 0, (module, told)


@pytest.mark.slow
def test_a_search_and_records_behind_a_pool_never_prepare_statements() -> None:
    """Psycopg prepares what it has sent five times: each of these statements is sent more often."""
    with own_database() as direct, pooled(direct) as url:
        searches = [
            Search(storage=url, name=name, space=load("pooling"), seed=0, sampler="tpe", pruner="median", known=())
            for name in ("a", "b", "c")
        ]
        for _ in range(8):
            for searched in searches:  # three clients that share three sessions
                number = searched.ask().number
                searched.note(number, {"seed": 0})
                searched.stop_early(number, 1, 0.5)
                searched.tell(number, [0.5], TrialState.COMPLETE)
        for searched in searches:
            assert searched.count() == 8
            searched.close()
        with open_database(url) as one, open_database(url) as other:
            for _ in range(12):
                assert one.studies.names() == other.studies.names() == []
        storage = existing_storage(url)
        assert storage is not None and len(storage.get_all_studies()) == 3
        storage.remove_session()
        storage.engine.dispose()


def test_parameters_that_are_numbers_reach_the_driver_as_numbers() -> None:
    base = "postgresql+psycopg://me:p%40ss@host/db"
    url = parse_url(f"{base}?prepare_threshold=0&connect_timeout=5&keepalives=yes&sslmode=disable&application_name=x")
    arguments = engine_options(url)["connect_args"]
    assert arguments == {"connect_timeout": 5, "prepare_threshold": 0, "keepalives": 1, "client_encoding": "utf8"}
    shown = plain_url(url)
    assert dict(shown.query) == {"sslmode": "disable", "application_name": "x"} and shown.password == "p@ss"
    assert engine_options(parse_url(f"{base}?prepare_threshold=none"))["connect_args"]["prepare_threshold"] is None
    assert engine_options(parse_url(base))["connect_args"]["prepare_threshold"] is None
    assert engine_options(parse_url(base))["connect_args"]["connect_timeout"] == 10
    assert engine_options(parse_url("sqlite:///x.db?timeout=5"))["connect_args"] == {"timeout": 5.0}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://host/db?prepare_treshold=0", "'prepare_treshold'. Did you mean 'prepare_threshold'?"),
        ("postgresql://host/db?autocommit=true", "an unknown parameter 'autocommit'"),
        ("postgresql://host/db?connect_timeout=soon", "connect_timeout in .* must be a whole number, got 'soon'"),
        ("postgresql://host/db?keepalives=maybe", "keepalives in .* must be a whole number, got 'maybe'"),
        ("sqlite:///x.db?wal=1", "an unknown parameter 'wal'"),
        ("sqlite:///x.db?timeout=long", "timeout in .* must be a number of seconds, got 'long'"),
    ],
)
def test_a_parameter_that_is_not_known_or_no_number_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match=said):
        open_database(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_parameters_are_taken_by_our_tables_and_by_optunas() -> None:
    with own_database() as direct:
        keeping = "connect_timeout=5&keepalives=1&keepalives_idle=30"
        for given in ("prepare_threshold=0", keeping, "client_encoding=latin1"):
            url = f"{direct}{'&' if '?' in direct else '?'}{given}"
            searched = Search(
                storage=url, name="s", space=load("pooling"), seed=0, sampler="tpe", pruner="median", known=()
            )
            with closing(searched):
                searched.note(searched.ask().number, {"where": "größe →"})
            with open_database(url) as database:
                assert database.studies.names() == []
