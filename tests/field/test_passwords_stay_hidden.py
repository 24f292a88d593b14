"""No part of a password is printed, whatever characters it has, and where it should have been percent-encoded."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import quote

import pytest
from place import Place
from sqlalchemy.engine import make_url

from results.database import url as storage_url
from results.database.database import open_database
from results.database.url import mask, masked_command, masked_url, parse_url
from results.errors import StorageError

# Passwords as people paste them: what is a part of them, and what of it must be seen nowhere.
PASTED = {
    "tiger@Secret99": ("tiger", "Secret"),
    "tiger@Sec@ret99": ("tiger", "Sec", "ret99"),
    "@Secret99": ("Secret99",),
    "tiger@Se/cret99": ("tiger", "cret99"),
    "ti/ger@Secret99": ("ti/ger", "ger@", "Secret99"),
    "tiger@Se:cret99": ("tiger", "cret99"),
    "tiger@Se?cret99": ("tiger", "cret99"),
    "tiger@Se#cret99": ("tiger", "cret99"),
    "tiger 1@Secret99": ("tiger", "Secret99"),
    "tiger%1@Secret%9": ("tiger", "Secret"),
    "tiger'@\"Secret99": ("tiger", "Secret99"),
}
# What is read as it was meant, though it is not encoded.
READ = ("ti/ger", "ti:ger", "ti?ger", "ti#ger", "ti ger", "ti%ger", "ti'ger", 'ti"ger')


@pytest.mark.parametrize("password", PASTED)
def test_an_at_sign_in_a_password_is_told_without_any_part_of_it(password: str) -> None:
    for url in (
        f"postgresql+psycopg://bob:{password}@127.0.0.1/db",
        f"postgres://bob:{password}@127.0.0.1:1/db?sslsni=0",
    ):
        with pytest.raises(StorageError) as told:
            open_database(url)
        assert "@ as %40" in str(told.value) and "bob" in str(told.value)
        hidden = masked_url(url), masked_command(["x", "--storage", url]), mask(shlex.join([url]))
        for shown in (str(told.value), *hidden):
            assert not [part for part in PASTED[password] if part in shown], shown
        assert told.value.__cause__ is None  # which would quote it in a traceback


@pytest.mark.parametrize("password", [*READ, *PASTED])
def test_a_password_that_is_read_is_shown_nowhere(password: str) -> None:
    told = quote(password, safe="") if password in PASTED else password
    url = f"postgresql+psycopg://bob:{told}@127.0.0.1:1/db"
    assert parse_url(url).password == password
    with pytest.raises(StorageError) as fault:
        open_database(url)
    shown = (str(fault.value), masked_url(url), masked_command(["--storage", url]), mask(f"it's {shlex.quote(url)}"))
    for text in shown:
        assert password not in text and told not in text and "ger@" not in text, text
        assert "bob:***@127.0.0.1:1/db" in text


def test_a_password_among_the_parameters_or_without_a_host_is_hidden() -> None:
    for url in (
        "postgresql://127.0.0.1:1/db?user=bob&password=tiger Secret99",
        "postgresql://127.0.0.1:1/db?password=ti%26ger&user=bob",
        "postgresql://bob:tiger/db",
        "postgresql://bob:tiger",
        "postgresql://bob/x:tiger@127.0.0.1/db",
        "postgresql://bob@site:tiger@127.0.0.1:1/db",
    ):
        with pytest.raises(StorageError) as fault:
            open_database(url)
        for text in (str(fault.value), masked_url(url)):
            assert "ger" not in text.replace("manager", "") and "Secret" not in text, text


def test_what_a_driver_quotes_is_hidden_and_a_wrong_password_is_told_of_encoding() -> None:
    url = make_url("postgresql+psycopg://bob:ti%40ger@host/db")
    told = storage_url.opening_fault(url, ValueError('FATAL: password authentication failed for "bob" with "ti@ger"'))
    assert "ti@ger" not in str(told) and "percent-encoded" in str(told)


def test_files_with_at_signs_and_colons_are_shown_as_they_are() -> None:
    for url in ("sqlite:///a@b.db", "sqlite:///C:/x@y.db", "sqlite:////home/me:x@y/s.db"):
        assert masked_url(url) == url and mask(url) == url


def test_a_launch_and_the_commands_print_nothing_of_it(tmp_path: Path) -> None:
    place, url = Place(tmp_path), "postgresql+psycopg://bob:tiger@Secret99@127.0.0.1:1/db"
    study = ("--name", "x", "--storage", url)
    for module, flags in (
        ("study.launch", (*study, "--rehearse", "--space", "pooling")),
        ("study.launch", (*study, "--rehearse", "--space", "pooling", "--debug")),
        ("study.launch", (*study, "--rehearse", "--space", "pooling", "--plan")),
        ("study.status", study),
        ("study.doctor", study),
        ("results.report", study),
        ("results.export", study),
    ):
        done = place.call(*flags, module=module)
        assert done.returncode == 2 and "%40" in done.stderr, (module, done)
        assert "tiger" not in done.stderr + done.stdout and "Secret99" not in done.stderr + done.stdout, (module, done)
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or "Secret99" not in file.read_text("utf-8", errors="replace"), file
