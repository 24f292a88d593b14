"""Text files with one sentence per line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtbert.data.table import read_lines
from mtbert.errors import DataError


def test_lines_keep_their_number_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone \r\n\n  two\n")
    assert read_lines(tmp_path / "a.txt") == ((1, "one"), (3, "two"))


def test_a_file_that_is_no_utf8_is_latin_1(tmp_path: Path) -> None:
    for name, encoding in (("a", "utf-8"), ("b", "latin-1")):
        (tmp_path / name).write_bytes("cliché\nfin\n".encode(encoding))
        assert read_lines(tmp_path / name) == ((1, "cliché"), (2, "fin"))


def test_what_unicode_calls_a_line_end_inside_a_line_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("well\x85enough\u2028said\n", encoding="utf-8")
    assert read_lines(tmp_path / "a.txt") == ((1, "well\x85enough\u2028said"),)


def test_a_file_without_a_sentence_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n\n")
    with pytest.raises(DataError, match=r"a\.txt is empty\. Expected: one sentence per line"):
        read_lines(tmp_path / "a.txt")
