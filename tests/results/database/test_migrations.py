from __future__ import annotations

import numpy as np
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from old_releases import of_release
from sqlalchemy import create_engine, inspect, text

from results.database import migrations
from results.database.database import open_database
from results.database.rows import ExampleRow
from results.database.schema import Base
from results.measurements.study_results import StudyResults

OLD_STUDY = """
insert into study_meta (study_name, space, goal, created_at, command, data_source, data_made_up, data_fingerprint,
    data_json, backbone, settings_json, space_json, decisions_json, status, seed)
values ('old', 'small', 'g', '2026-01-01 00:00:00', 'c', 'demo', true, 'f', '{}', 'tiny', '{}', '{}', '{}', 'done', 0)
"""
OLD_RUN = """
insert into run (id, study_name, phase, config_digest, config_json, choices_json, seed, status, attempt, started_at,
    host, device, engine, score)
values (3, 'old', 'search', 'd', '{}', '{}', 0, 'complete', 1, '2026-01-01 00:00:00', 'h', 'cpu', 'local', 0.5)
"""


PROMISED_TABLES = "study_meta run epoch_metric task_metric prediction stage environment data_issue lease"
PROMISED_COLUMNS = """
    id study_name trial_number phase config_digest config_json seed status reason started_at finished_at train_seconds
    eval_seconds shared_seconds trainable_parameters total_parameters peak_memory_bytes host device engine score"""


def test_the_migrations_lead_to_the_tables_of_the_schema_and_to_the_promised_ones(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        found = inspect(connection)
        assert set(Base.metadata.tables) == set(found.get_table_names()) - {migrations.VERSION_TABLE}
        assert set(PROMISED_TABLES.split()) <= set(found.get_table_names())
        assert set(PROMISED_COLUMNS.split()) <= {column["name"] for column in found.get_columns("run")}
    engine.dispose()


def test_a_database_of_the_first_release_opens_with_its_runs_and_takes_examples(empty_url: str) -> None:
    with of_release(empty_url, "0001") as connection:
        assert "engine_trial_id" not in {column["name"] for column in inspect(connection).get_columns("run")}
        assert not inspect(connection).has_table("example")
        connection.execute(text(OLD_STUDY))
        connection.execute(text(OLD_RUN))
    with open_database(empty_url) as database:
        (run,) = database.runs.of_study("old")
        assert (run.id, run.score, run.host, run.engine_trial_id) == (3, 0.5, "h", None)
        assert database.runs.of_study("old", status="complete") == [run]
        results = StudyResults(database, "old")
        assert results.examples.sizes("quora", "ids") is None
        rows = [ExampleRow("quora", "ids", 1, 4, 3, 0.5), ExampleRow("quora", "ids", 2, 6, 5, 0.25)]
        for _ in range(2):  # a study that is launched again has them already
            database.studies.add_examples("old", rows)
        found = results.examples.sizes("quora", "ids")
        assert found is not None and found.overlap is not None
        assert (found.words.tolist(), found.overlap.tolist()) == ([7, 11], [0.5, 0.25])
        assert results.examples.sizes("sst", "ids") is None


OLD_EXAMPLES = """
insert into example (study_name, task, example_ids_sha256, number, words, words2, overlap)
values ('old', 'quora', 'ids', 1, 4, 3, 0.5), ('old', 'quora', 'ids', 2, 6, 5, 0.25)
"""


def test_examples_of_an_older_release_are_read_as_they_are_until_the_study_is_launched_again(empty_url: str) -> None:
    with of_release(empty_url, "0003") as connection:
        for statement in (OLD_STUDY, OLD_EXAMPLES):
            connection.execute(text(statement))
    with open_database(empty_url) as database:
        results = StudyResults(database, "old")
        found = results.examples.sizes("quora", "ids")
        assert found is not None and found.words.tolist() == [7, 11]
        assert (found.one_word_difference, found.rarest) == (None, None)
        rows = [ExampleRow("quora", "ids", 1, 4, 3, 0.5, True, 0), ExampleRow("quora", "ids", 2, 6, 5, 0.25, False)]
        database.studies.add_examples("old", rows)
        again = ExampleRow("quora", "ids", 1, 4, 3, 0.5, False, 9)
        database.studies.add_examples("old", [again])  # what is there stays
        found = results.examples.sizes("quora", "ids")
        assert found is not None and found.one_word_difference is not None and found.rarest is not None
        assert found.one_word_difference.tolist() == [True, False]
        assert found.rarest[0] == 0 and np.isnan(found.rarest[1])  # the second has no word


def test_the_known_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD
    assert migrations.HEAD in migrations.known_versions()
