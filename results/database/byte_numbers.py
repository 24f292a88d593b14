"""Numbers that a SQLite file holds as bytes: found, and converted back to numbers.

sqlite3 writes types that it does not know as the bytes of its buffer: numpy's whole numbers in 1, 2, 4 or 8 bytes,
little-endian, and its float32 in 4. Older releases let such values through. PostgreSQL has no such columns.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from results.database import schema
from results.database.column_types import EpochNumber, Number, Truth, Whole

# Optuna's columns that values of a user's function reach, by table.
OPTUNAS = {
    "trial_intermediate_values": ("step", "intermediate_value"),
    "trial_values": ("value",),
    "trial_params": ("param_value",),
}
# Below these a number of so many bytes is a whole one; above they are the bytes of a float, whose exponent comes first.
_LARGEST_WHOLE = {1: 1 << 8, 2: 1 << 10, 4: 1 << 23, 8: 1 << 52}
_WHOLE, _FLOAT = {1: "<b", 2: "<h", 4: "<i", 8: "<q"}, {2: "<e", 4: "<f", 8: "<d"}


class ByteColumn(NamedTuple):
    """A column that has bytes in `rows` rows; `whole`: it takes whole numbers alone."""

    table: str
    column: str
    whole: bool
    rows: int


def found(connection: Connection) -> list[ByteColumn]:
    """Return the columns of numbers, ours and Optuna's, that hold bytes; none on PostgreSQL. Reads only."""
    if connection.dialect.name != "sqlite":
        return []
    counted = []
    for table, column, whole in _columns(connection):
        rows = connection.execute(text(f"SELECT count(*) FROM {table} WHERE typeof({column}) = 'blob'")).scalar()
        if rows:
            counted.append(ByteColumn(table, column, whole, rows))
    return counted


def repair(connection: Connection) -> int:
    """Make numbers of all such bytes, within the connection's transaction; return how many.

    Bytes of other lengths, which are no number, become NULL. Where the column takes no NULL, or a row with the number
    exists already, the row is deleted.
    """
    return sum(_repair(connection, each) for each in found(connection))


def number_of(data: bytes, *, whole: bool) -> float | None:
    """Return the number that has these little-endian bytes; None if none has."""
    if len(data) not in _WHOLE:
        return None
    value: int = struct.unpack(_WHOLE[len(data)], data)[0]
    if whole or len(data) not in _FLOAT or abs(value) < _LARGEST_WHOLE[len(data)]:
        return value
    return float(struct.unpack(_FLOAT[len(data)], data)[0])


def _repair(connection: Connection, which: ByteColumn) -> int:
    table, column = which.table, which.column
    rows = connection.execute(text(f"SELECT rowid, {column} FROM {table} WHERE typeof({column}) = 'blob'")).all()
    change = text(f"UPDATE OR IGNORE {table} SET {column} = :value WHERE rowid = :row")
    for row, data in rows:
        connection.execute(change, {"value": number_of(data, whole=which.whole), "row": row})
    # What is left could not be changed: the number is there already, or NULL is not taken.
    connection.execute(text(f"DELETE FROM {table} WHERE typeof({column}) = 'blob'"))
    return len(rows)


def _columns(connection: Connection) -> Iterator[tuple[str, str, bool]]:
    """Yield table, column, and whether it takes whole numbers only, of those that this database has."""
    there = {
        table: {str(column["name"]) for column in inspect(connection).get_columns(table)}
        for table in inspect(connection).get_table_names()
    }
    ours = [
        (table.name, column.name, isinstance(column.type, Whole | Truth))
        for table in schema.Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Whole | Truth | Number | EpochNumber)
    ]
    optunas = [(table, column, column == "step") for table, columns in OPTUNAS.items() for column in columns]
    yield from (each for each in [*ours, *optunas] if each[1] in there.get(each[0], ()))
