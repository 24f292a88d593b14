"""Splits and their fingerprint."""

from __future__ import annotations

import numpy as np
import pytest

from mtbert.data.examples import DataIssue, Split, fingerprint


def split(texts: tuple[str, ...] = ("one", "two"), labels: tuple[float, ...] = (0.0, 1.0)) -> Split:
    return Split(tuple("ab"), texts, None, np.array(labels, dtype=np.float32))


def digest(data: Split) -> str:
    return fingerprint({("sst", "train"): data})


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        split(texts=("one",))


def test_take_keeps_rows_together() -> None:
    taken = split().take([1])
    assert (taken.ids, taken.texts, taken.labels.tolist()) == (("b",), ("two",), [1.0])


def test_equal_content_has_the_same_fingerprint() -> None:
    assert digest(split()) == digest(split())


def test_a_changed_label_changes_the_fingerprint() -> None:
    assert digest(split()) != digest(split(labels=(0.0, 2.0)))


def test_a_moved_border_between_texts_changes_the_fingerprint() -> None:
    assert digest(split(texts=("onet", "wo"))) != digest(split())


def test_an_issue_reads_as_file_line_message() -> None:
    issue = DataIssue("quora", "train", "quora-train.csv", 1842, "empty_label", "label '' is not 0 or 1")
    assert str(issue) == "quora-train.csv:1842: label '' is not 0 or 1"
