"""Which rows are dropped, why, and what becomes of ids."""

from __future__ import annotations

import numpy as np
import pytest

from mtbert.data.clean import RawRow, clean, refuse
from mtbert.data.examples import DataIssue
from mtbert.errors import DataError
from mtbert.tasks.quora import QuoraTask
from mtbert.tasks.sst import SstTask


def kinds(issues: tuple[DataIssue, ...]) -> list[tuple[int, str]]:
    return [(issue.line, issue.kind) for issue in issues]


def test_an_empty_label_is_told_with_file_and_line() -> None:
    _, issues = clean([RawRow(1842, "a", ("x?", "y?"), "")], QuoraTask(), "train", "quora-train.csv")
    assert str(issues[0]) == "quora-train.csv:1842: label '' is not 0 or 1; row dropped"
    assert issues[0].kind == "empty_label"


def test_bad_labels_and_empty_texts_are_dropped() -> None:
    rows = [
        RawRow(2, "a", ("fine",), "7"),
        RawRow(3, "b", ("fine",), "good"),
        RawRow(4, "c", ("  ",), "1"),
        RawRow(5, "d", (" fine ",), "1"),
    ]
    split, issues = clean(rows, SstTask(), "train", "f")
    assert kinds(issues) == [(2, "bad_label"), (3, "bad_label"), (4, "empty_text")]
    assert split.texts == ("fine",)


def test_the_empty_one_of_two_sentences_is_named() -> None:
    _, issues = clean([RawRow(2, "a", ("x?", ""), "1")], QuoraTask(), "train", "f")
    assert issues[0].message == "sentence2 is empty; row dropped"


def test_the_second_of_two_equal_rows_is_dropped() -> None:
    rows = [RawRow(2, "a", ("fine",), "3"), RawRow(9, "b", ("fine",), "3.0")]
    split, issues = clean(rows, SstTask(), "train", "f")
    assert split.ids == ("a",)
    assert issues[0].kind == "duplicate"
    assert issues[0].message == "same text and label as line 2; row dropped"


def test_equal_text_with_another_label_is_kept() -> None:
    split, issues = clean([RawRow(2, "a", ("fine",), "3"), RawRow(3, "b", ("fine",), "4")], SstTask(), "train", "f")
    assert len(split) == 2 and issues == ()


def test_ids_are_made_unique() -> None:
    rows = [RawRow(i, name, (f"text {i}",), "3") for i, name in enumerate(["a", "a#2", "a", ""], start=2)]
    split, _ = clean(rows, SstTask(), "train", "f")
    assert split.ids == ("a", "a#2", "a#3", "line 5")


def test_unlabelled_rows_keep_duplicates_and_have_no_label() -> None:
    rows = [RawRow(2, "a", ("fine",), None), RawRow(3, "b", ("fine",), None)]
    split, issues = clean(rows, SstTask(), "unlabelled", "f")
    assert len(split) == 2 and np.isnan(split.labels).all() and issues == ()


def test_strict_lists_ten_issues_and_counts_all() -> None:
    issues = [DataIssue("sst", "train", "f", i, "empty_text", "empty") for i in range(1, 1002)]
    with pytest.raises(DataError) as caught:
        refuse(issues, "folder")
    assert "1,001" in str(caught.value)
    assert "f:10: empty\n  and 991 more" in str(caught.value)


def test_strict_says_nothing_when_all_is_well() -> None:
    refuse([], "folder")
