"""What the report says of the data."""

from __future__ import annotations

from typing import Any

from results.measurements.study_results import StudyResults
from results.report import methods


def said(maker: Any, issues: int, **data: object) -> str:
    maker.study(data_json=data)
    return methods.data_sentence(StudyResults(maker.database, maker.name), issues)


def test_leaking_rows_were_left_out_and_examples_of_dev_are_in_the_files_alone(light: Any) -> None:
    told = said(light, 2, overlap={"sst": 3, "sts": 1}, leaking_rows={"sst": 814, "quora": 613})
    assert told == (
        "2 faulty rows were dropped; 4 dev examples are in the train files too; "
        "1,427 train rows with a sentence of a dev or test split were left out."
    )


def test_of_an_older_study_it_does_not_say_that_any_was_left_out(light: Any) -> None:
    assert said(light, 0, overlap={"sst": 1}) == ("No faulty row was dropped; 1 dev example is in the train files too.")
