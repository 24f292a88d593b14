"""The kept predictions of runs, read for comparisons."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

from results.measurements.study_results import StudyResults

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}


def test_the_predictions_of_a_comparison_are_read_in_one_query_and_once(light: Any) -> None:
    light.study()
    for pooling in ("cls", "mean"):
        for seed in (1000, 1001, 1002):
            light.complete({**BASELINE, "pooling": pooling}, seed, "confirm")
    results, queries = StudyResults(light.database, light.name), []
    columns = [[run] for run in results.runs]

    def note(_: object, __: object, statement: str, *others: object) -> None:
        queries.append("FROM prediction" in statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        tables = results.examples.tables(columns)
        assert results.examples.tables(columns[:2], "sst") and sum(queries) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    one_by_one = StudyResults(light.database, light.name).examples
    alone = [one_by_one.tables([column]) for column in columns]
    assert len(tables) == len(alone[0]) > 1
    for number, table in enumerate(tables):
        assert all((values == each[number][0]).all() for values, each in zip(table, alone, strict=True))
