from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from results import migrations
from results.records import Database
from results.schema import Base


def test_the_migrations_lead_to_the_tables_of_the_schema(url: str, database: Database) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        assert set(Base.metadata.tables) == set(inspect(connection).get_table_names()) - {migrations.VERSION_TABLE}
    engine.dispose()


def test_the_known_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD
    assert migrations.HEAD in migrations.known_versions()


def test_the_promised_tables_and_columns_are_there(url: str, database: Database) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    found = inspect(engine)
    promised = "study_meta run epoch_metric task_metric prediction stage environment data_issue lease"
    assert set(promised.split()) <= set(found.get_table_names())
    columns = (
        "id study_name trial_number phase config_digest config_json seed status reason started_at finished_at "
        "train_seconds eval_seconds shared_seconds trainable_parameters total_parameters peak_memory_bytes "
        "host device engine score"
    )
    assert set(columns.split()) <= {column["name"] for column in found.get_columns("run")}
    engine.dispose()
