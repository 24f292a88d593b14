"""Tab-separated files with the faults of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_header_names_decide_the_columns(tmp_path: Path) -> None:
    table = read(tmp_path, b"sentiment\tid\tnote\tsentence\n3\ta\t-\tFine\n")
    assert fields(table) == [("a", "Fine", "3")]


def test_an_index_and_one_more_leading_column_are_left_alone(tmp_path: Path) -> None:
    table = read(tmp_path, b"0\t\tid\tsentence\tsentiment\n1\t0.0\ta\tFine\t3\n")
    assert fields(table) == [("a", "Fine", "3")]


def test_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbfid\tsentence\tsentiment\r\na\tFine\t3\r\n")
    assert fields(table) == [("a", "Fine", "3")]


def test_the_last_line_needs_no_newline_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b"\n0\ta\tFine\t3\n\r\n1\tb\tBad\t0")
    assert [(row.line, row.fields[0]) for row in table.rows] == [(3, "a"), (5, "b")]


def test_quoted_fields_are_unquoted_once(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + b'0\ta\t"""text"""\t3\n1\tb\t"say ""no"" now"\t1\n')
    assert [row[1] for row in fields(table)] == ['"text"', 'say "no" now']


def test_a_quote_inside_a_field_is_text(tmp_path: Path) -> None:
    assert fields(read(tmp_path, HEADER + b'0\ta\ta 5" screen\t3\n')) == [("a", 'a 5" screen', "3")]


def test_a_quoted_field_may_hold_a_tab(tmp_path: Path) -> None:
    assert fields(read(tmp_path, HEADER + b'0\ta\t"one\ttwo"\t3\n')) == [("a", "one\ttwo", "3")]


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


def test_a_line_separator_inside_a_text_does_not_end_the_row(tmp_path: Path) -> None:
    text = "one\u2028two\x85three"
    assert fields(read(tmp_path, HEADER + f"0\ta\t{text}\t3\n".encode())) == [("a", text, "3")]


def test_a_missing_column_is_named_with_what_was_expected_and_found(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, b"\tid\tsentence\n0\ta\tFine\n")
    message = str(caught.value)
    assert "ids-sst-train.csv has no column sentiment." in message
    assert "a first line naming id, sentence, sentiment, separated by tabs" in message
    assert r"Found: '\tid\tsentence'" in message


def test_a_comma_separated_file_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="looks comma-separated"):
        read(tmp_path, b",id,sentence,sentiment\n0,a,Fine,3\n")


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path, content)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read(tmp_path, "id\tsentence\tsentiment\n".encode("utf-16"))


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path, COLUMNS)
