"""What is said of a database with rows that this program does not write."""

from __future__ import annotations

import pytest

from results.database.url import foreign_rows
from results.errors import ResultsError, StorageError


def test_it_is_one_message_that_tells_no_password() -> None:
    with pytest.raises(StorageError) as refused, foreign_rows("postgresql+psycopg://me:hunter1@host/db"):
        raise ValueError("no moment:\n '{\"sqlite://u:hunter2@127.0.0.1:1/x\": 1}'")
    told = str(refused.value)
    assert "rows that this program does not write (ValueError: no moment: " in told
    assert "hunter" not in told and "\n" not in told


def test_messages_for_people_and_tracebacks_that_were_asked_for_pass() -> None:
    with pytest.raises(ResultsError, match="no study"), foreign_rows("sqlite:///s.db"):
        raise ResultsError("no study")
    with pytest.raises(ZeroDivisionError), foreign_rows("sqlite:///s.db", debug=True):
        raise ZeroDivisionError
