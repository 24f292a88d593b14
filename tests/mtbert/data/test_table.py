"""Tab-separated files with the faults of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import for_each

from mtbert.data.table import Table, read_table
from mtbert.errors import DataError

COLUMNS = ("id", "sentence", "sentiment")
HEADER = b"\tid\tsentence\tsentiment\n"


def read(tmp_path: Path, content: bytes) -> Table:
    path = tmp_path / "ids-sst-train.csv"
    path.write_bytes(content)
    return read_table(path, COLUMNS)


def fields(table: Table) -> list[tuple[str, ...]]:
    return [row.fields for row in table.rows]


def broken(table: Table) -> list[tuple[int, str]]:
    return [(row.line, row.kind) for row in table.broken]


@for_each(
    ("content", "found"),
    [  # Header names decide the columns; an index and one more leading column are left alone.
        (b"sentiment\tid\tnote\tsentence\n3\ta\t-\tFine\n", ("a", "Fine", "3")),
        (b"0\t\tid\tsentence\tsentiment\n1\t0.0\ta\tFine\t3\n", ("a", "Fine", "3")),
        (b"\xef\xbb\xbfid\tsentence\tsentiment\r\na\tFine\t3\r\n", ("a", "Fine", "3")),  # a byte order mark
        (HEADER + b'0\ta\ta 5" screen\t3\n', ("a", 'a 5" screen', "3")),  # a quote inside a field is text
        (HEADER + b'0\ta\t"one\ttwo"\t3\n', ("a", "one\ttwo", "3")),
        # A line separator inside a text does not end the row.
        (HEADER + "0\ta\tone\u2028two\x85three\t3\n".encode(), ("a", "one\u2028two\x85three", "3")),
    ],
)
def test_a_row_has_the_fields_that_the_header_names(tmp_path: Path, content: bytes, found: tuple[str, ...]) -> None:
    assert fields(read(tmp_path, content)) == [found]


def test_the_last_line_needs_no_newline_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b"\n0\ta\tFine\t3\n\r\n1\tb\tBad\t0")
    assert [(row.line, row.fields[0]) for row in table.rows] == [(3, "a"), (5, "b")]


def test_quoted_fields_are_unquoted_once(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b'0\ta\t"""text"""\t3\n1\tb\t"say ""no"" now"\t1\n')
    assert [row[1] for row in fields(table)] == ['"text"', 'say "no" now']


@pytest.mark.parametrize("text", [b'"never closed', b'"closed" too early', b'"', b'"""', b'"odd "one"'])
def test_a_stray_quote_costs_its_row_only(tmp_path: Path, text: bytes) -> None:
    table = read(tmp_path, HEADER + b"0\ta\t" + text + b"\t3\n1\tb\tFine\t4\n")
    assert broken(table) == [(2, "stray_quote")]
    assert fields(table) == [("b", "Fine", "4")]


def test_a_stray_quote_names_its_column(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b'0\ta\t"oh\t3\n')
    assert table.broken[0].message == "column sentence opens with a quote that does not close; row dropped"


@pytest.mark.parametrize("row", [b"0\ta\tFine\n", b"0\ta\tFine\t3\textra\n", b"Fine\n"])
def test_a_wrong_number_of_columns_costs_its_row_only(tmp_path: Path, row: bytes) -> None:
    table = read(tmp_path, HEADER + row + b"1\tb\tFine\t4\n")
    assert broken(table) == [(2, "columns")]
    assert len(table.rows) == 1


def test_bytes_that_are_not_utf8_cost_their_row_only(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b"0\ta\tcaf\xe9\t3\n1\tb\tcaf\xc3\xa9\t4\n")
    assert broken(table) == [(2, "encoding")]
    assert fields(table) == [("b", "café", "4")]


def test_a_missing_column_is_named_with_what_was_expected_and_found(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, b"\tid\tsentence\n0\ta\tFine\n")
    message = str(caught.value)
    assert "ids-sst-train.csv has no column sentiment." in message
    assert "a first line naming id, sentence, sentiment, separated by tabs" in message
    assert r"Found: '\tid\tsentence'" in message


@for_each(
    ("content", "told"),
    [
        (b",id,sentence,sentiment\n0,a,Fine,3\n", "looks comma-separated"),
        *((content, "is empty") for content in (b"", b"\n\r\n", b"\xef\xbb\xbf")),
        ("id\tsentence\tsentiment\n".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read(tmp_path, content)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path, COLUMNS)
