"""Detection and repair of numbers that a SQLite file holds as bytes.

sqlite3 stores unknown types as raw bytes: numpy's integers as 1, 2, 4 or 8 little-endian bytes, its float32 as 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from results.database import schema
from results.database.column_types import EpochNumber, Number, Truth, Whole

# Optuna's numeric columns with values that a custom trainer may have set, by table.
OPTUNA_COLUMNS = {
    "trial_intermediate_values": ("step", "intermediate_value"),
    "trial_values": ("value",),
    "trial_params": ("param_value",),
}
# By length in bytes: smaller integers are taken as integers; a float's bytes read as a larger one, due to its exponent.
_LARGEST_WHOLE = {1: 1 << 8, 2: 1 << 10, 4: 1 << 23, 8: 1 << 52}
_WHOLE, _FLOAT = {1: "<b", 2: "<h", 4: "<i", 8: "<q"}, {2: "<e", 4: "<f", 8: "<d"}


class ByteColumn(NamedTuple):
    """A column that has bytes in `rows` rows; `whole` if it is for whole numbers only."""

    table: str
    column: str
    whole: bool
    rows: int


def byte_columns(connection: Connection) -> list[ByteColumn]:
    """Return the numeric columns, ours and Optuna's, that hold bytes; none on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return []
    columns = []
    for table, column, whole in _columns(connection):
        rows = connection.execute(text(f"SELECT count(*) FROM {table} WHERE typeof({column}) = 'blob'")).scalar()
        if rows:
            columns.append(ByteColumn(table, column, whole, rows))
    return columns


def repair(connection: Connection) -> int:
    """Convert all such bytes within the connection's transaction, and return their count.

    Bytes that are no number become NULL. A row is deleted where its column allows no NULL, or its number would
    duplicate another row's key.
    """
    repaired = 0
    for table, column, whole, _ in byte_columns(connection):
        rows = connection.execute(text(f"SELECT rowid, {column} FROM {table} WHERE typeof({column}) = 'blob'")).all()
        change = text(f"UPDATE OR IGNORE {table} SET {column} = :value WHERE rowid = :row")
        for row, data in rows:
            connection.execute(change, {"value": number_of(data, whole=whole), "row": row})
        # The update ignored rows whose number is a duplicate key, or NULL where NULL is not allowed.
        connection.execute(text(f"DELETE FROM {table} WHERE typeof({column}) = 'blob'"))
        repaired += len(rows)
    return repaired


def number_of(data: bytes, *, whole: bool) -> float | None:
    """Return the number with these little-endian bytes, or None if there is none."""
    if len(data) not in _WHOLE:
        return None
    value: int = struct.unpack(_WHOLE[len(data)], data)[0]
    if whole or len(data) not in _FLOAT or abs(value) < _LARGEST_WHOLE[len(data)]:
        return value
    return float(struct.unpack(_FLOAT[len(data)], data)[0])


def _columns(connection: Connection) -> Iterator[tuple[str, str, bool]]:
    """Yield (table, column, whether it is for whole numbers only) of all numeric columns in this database."""
    existing = {
        table: {str(column["name"]) for column in inspect(connection).get_columns(table)}
        for table in inspect(connection).get_table_names()
    }
    ours = [
        (table.name, column.name, isinstance(column.type, Whole | Truth))
        for table in schema.Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Whole | Truth | Number | EpochNumber)
    ]
    optunas = [(table, column, column == "step") for table, columns in OPTUNA_COLUMNS.items() for column in columns]
    yield from (each for each in [*ours, *optunas] if each[1] in existing.get(each[0], ()))
