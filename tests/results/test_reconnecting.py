"""A server that goes away: transactions are tried again, one that was carried out is not taken for a fault."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from results import reconnecting
from results.errors import ConnectionLost, RecordError
from results.reconnecting import lasting, lasting_once
from results.sessions import connection_lost


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "PAUSE_SECONDS", 0.0)


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

    @lasting
    def read(self) -> str:
        return self._next()

    @lasting_once
    def write(self) -> None:
        self._next()


def test_a_transaction_is_tried_again_until_the_server_is_back() -> None:
    server = Server(ConnectionLost("away"), ConnectionLost("away"), "rows")
    assert server.read() == "rows" and server.calls == 3


def test_a_server_that_stays_away_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "RECONNECT_SECONDS", 0.0)
    with pytest.raises(ConnectionLost, match="away"):
        Server(*[ConnectionLost("away")] * 5).read()


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
