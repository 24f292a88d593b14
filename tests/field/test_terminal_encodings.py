"""Terminals without some of the characters: every command prints plain ones in their place, and ends as usual."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cases import for_each
from place import Place

import mtbert.output
import search_spaces.output
from study import status

ENCODINGS = ("ascii", "iso-8859-1", "cp1252", "koi8-r")
TEXT = "mean ± 0.3 – “über”… ≥ 5 × 2 → dépôt · Größe µ 日本"


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")


def printed(monkeypatch: pytest.MonkeyPatch, encoding: str, command: Any, *arguments: Any) -> tuple[int, str]:
    """The exit code of a command whose terminal has this encoding, and what it shows."""
    shown = stream(encoding)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", shown)
        patch.setattr(sys, "stderr", shown)
        code = command(*arguments)
    shown.flush()
    assert shown.errors == "strict"  # as it was
    assert isinstance(shown.buffer, io.BytesIO)
    return code, shown.buffer.getvalue().decode(encoding)


@for_each("encoding", ENCODINGS)
def test_what_cannot_be_encoded_is_printed_plainly(encoding: str) -> None:
    def print_it() -> int:
        print(TEXT)
        return 0

    for output in (mtbert.output, search_spaces.output):
        with pytest.MonkeyPatch.context() as patch:
            code, shown = printed(patch, encoding, output.command(print_it))
        assert code == 0 and shown.startswith("mean ") and shown.endswith("\\u65e5\\u672c\n")
        if encoding == "ascii":
            assert shown == 'mean +- 0.3 - "uber"~ >= 5 x 2 -> depot * Grosse u \\u65e5\\u672c\n'


def test_nothing_that_stands_for_a_character_moves_a_cursor() -> None:
    codes = (place for place in range(0xA0, 0x30000) if not 0xD800 <= place < 0xE000)
    shown = "".join(chr(place) for place in codes)
    search_spaces.output._errors(stream("ascii"), search_spaces.output._ERRORS)
    assert shown.encode("ascii", errors=search_spaces.output._ERRORS).decode("ascii").isprintable()
    assert "\udce9".encode("utf-8", errors=search_spaces.output._ERRORS) == b"\\udce9"


def test_both_packages_print_alike() -> None:
    root = Path(__file__).resolve().parents[2]
    assert len({(root / package / "output.py").read_bytes() for package in ("mtbert", "search_spaces")}) == 1


@for_each("encoding", ENCODINGS[:2])
def test_a_status_with_long_and_foreign_names(tmp_path: Path, encoding: str) -> None:
    from sqlite import migrated

    from results.database.database import open_database
    from results.database.rows import StudyRow

    storage = migrated(tmp_path)
    with open_database(storage) as database:
        texts = dict.fromkeys(("goal", "command", "data_fingerprint", "backbone"), "naïve – " * 20)
        row = StudyRow(study_name="x", space="s", data_source="Größe\x1b[2J", data_made_up=False, seed=0, **texts)
        database.studies.create(row)
    for asked in ([], ["--name", "x"]):
        with pytest.MonkeyPatch.context() as patch:
            code, shown = printed(patch, encoding, status.main, [*asked, "--storage", storage])
        assert code == 0 and "na" in shown and "\x1b" not in shown and r"\x1b[2J" in shown


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS[:2])
def test_commands_in_such_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", f"{encoding}:strict")
    place = Place(tmp_path)
    asked = ("--space", "pooling", "--rehearse", "--trials", "3", "--seeds", "2", "--name", "r", "--workers", "1")
    for module, arguments in (
        ("study.launch", asked),
        ("study.status", ("--name", "r")),
        ("study.doctor", ("--name", "r")),
        ("results.report", ("--name", "r")),
        ("results.export", ("--name", "r")),
        ("search_spaces", ("show", "full_ablation")),
        ("mtbert.train", ("--help",)),
    ):
        command = place.command(*arguments, module=module)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, (module, done.stderr)
        assert done.stdout.decode(encoding)
    (tmp_path / "runs" / "r" / "report.html").read_text(encoding="utf-8")
