"""A server that goes away: transactions are tried again, one that was carried out is not taken for a fault."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from results.database import retry
from results.database.database import open_database
from results.database.retry import retried, retried_if_known
from results.database.sessions import _was_there, connection_lost
from results.errors import ConnectionLost, RecordError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSE_SECONDS", 0.0)


class Server:
    """Answers with what it is told to, one thing a call."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers, self.calls = list(answers), 0

    def _next(self) -> str:
        self.calls += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @retried
    def read(self) -> str:
        return self._next()

    @retried_if_known
    def open(self) -> str:
        return self._next()

    write = retried(_next, refused_after_loss=True)


def test_a_transaction_is_tried_again_until_the_server_is_back() -> None:
    server = Server(ConnectionLost("away"), ConnectionLost("away"), "rows")
    assert server.read() == "rows" and server.calls == 3


def test_a_server_that_stays_away_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "RECONNECT_SECONDS", 0.0)
    with pytest.raises(ConnectionLost, match="away"):
        Server(*[ConnectionLost("away")] * 5).read()


def test_a_server_that_never_answered_is_told_of_at_once_and_one_that_did_is_waited_for() -> None:
    never = Server(ConnectionLost("refused", was_there=False), "rows")
    with pytest.raises(ConnectionLost, match="refused"):
        never.open()
    assert never.calls == 1
    there = Server(ConnectionLost("shutting down"), ConnectionLost("refused", was_there=False), "rows")
    assert there.open() == "rows" and there.calls == 3


@pytest.mark.parametrize(
    ("text", "state", "there"),
    [
        ("connection failed: port 1 failed: Connection refused", None, False),
        ("connection failed: FATAL:  the database system is starting up", None, True),
        ("connection failed: FATAL:  the database system is shutting down", None, True),
        ("consuming input failed: server closed the connection unexpectedly", None, True),
        ("terminating connection due to administrator command", "57P01", True),
    ],
)
def test_which_complaints_come_from_a_server_that_is_there(text: str, state: str | None, there: bool) -> None:
    class Complaint(Exception):
        sqlstate = state

    assert _was_there(OperationalError("select 1", {}, Complaint(text))) is there


def test_a_server_that_answered_before_is_waited_for_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port refuses for a moment, as while it restarts."""
    open_database(postgres_url).close()
    connect, refusals = Engine.connect, [psycopg.OperationalError("connection failed: Connection refused")] * 2

    def refused(engine: Engine) -> Connection:
        if refusals:
            raise OperationalError("connect", {}, refusals.pop())
        return connect(engine)

    monkeypatch.setattr(Engine, "connect", refused)
    open_database(postgres_url).close()
    assert not refusals


def test_refused_after_a_loss_it_had_been_carried_out() -> None:
    server = Server(ConnectionLost("away"), RecordError("is complete already"))
    server.write()
    assert server.calls == 2


def test_refused_without_a_loss_is_a_fault() -> None:
    with pytest.raises(RecordError, match="already"):
        Server(RecordError("is complete already")).write()
    with pytest.raises(RecordError):  # a reading one is refused for a reason of its own
        Server(ConnectionLost("away"), RecordError("no such run")).read()


@pytest.mark.parametrize(
    ("state", "lost"), [("57P01", True), ("57P03", True), ("08006", True), (None, True), ("42P01", False)]
)
def test_which_complaints_of_a_server_mean_that_it_is_away(state: str | None, lost: bool) -> None:
    orig = SimpleNamespace(sqlstate=state)
    assert connection_lost(OperationalError("select 1", {}, orig)) is lost  # type: ignore[arg-type]


def test_a_file_is_never_away() -> None:
    assert not connection_lost(OperationalError("select 1", {}, sqlite3.OperationalError("disk I/O error")))
    assert not connection_lost(IntegrityError("insert", {}, ValueError("twice")))
    assert not connection_lost(ValueError())
