"""Reading a label from a file's field."""

from __future__ import annotations

import pytest
from cases import for_each

from mtbert.tasks.quora import QuoraTask
from mtbert.tasks.sst import SstTask
from mtbert.tasks.sts import StsTask


def test_a_class_may_be_written_as_a_float() -> None:
    assert SstTask().parse_label("3") == 3.0
    assert QuoraTask().parse_label("1.0") == 1.0


def test_a_score_may_be_any_number_in_range() -> None:
    assert StsTask().parse_label(" 4.25 ") == 4.25


@for_each("text", ["5", "-1", "2.5", "", "nan", "inf", "positive"])
def test_sst_refuses_what_is_no_class(text: str) -> None:
    with pytest.raises(ValueError, match=r"^label '.*' is not one of 0\.\.4$"):
        SstTask().parse_label(text)


def test_classes_may_have_names() -> None:
    class Entailment(SstTask):
        classes, high = 3, 2.0
        words = ("NEUTRAL", "ENTAILMENT", "CONTRADICTION")

    task = Entailment()
    assert [task.parse_label(text) for text in ("NEUTRAL", " CONTRADICTION\n", "1.0")] == [0.0, 2.0, 1.0]
    with pytest.raises(ValueError, match=r"^label 'neither' is not NEUTRAL, ENTAILMENT, CONTRADICTION, one of 0\.\.2$"):
        task.parse_label("neither")


def test_quora_says_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"^label '' is not 0 or 1$"):
        QuoraTask().parse_label("")


@for_each("text", ["5.1", "-0.1", "nan", "high"])
def test_sts_refuses_what_is_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number from 0 to 5"):
        StsTask().parse_label(text)
