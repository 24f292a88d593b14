"""Tables of the exports, with the columns and types of the published schema, `data/export.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import nan
from typing import TYPE_CHECKING

from results.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, object]
TYPES = {"string": "str", "number": "float64", "integer": "int64", "boolean": "bool"}
NULLABLE = TYPES | {"integer": "Int64", "boolean": "boolean"}  # pandas' types whose values may be missing


def typed_table(name: str, records: Sequence[Record]) -> pd.DataFrame:
    """Return the records as the export's table `name`; absent values are missing.

    Raises:
        ValueError: a record has a column that the schema lacks.
    """
    import pandas as pd

    types = column_types(name)
    unknown = {column for record in records for column in record} - types.keys()
    if unknown:
        raise ValueError(f"Table {name} of export.schema.json has no column {', '.join(sorted(unknown))}.")
    return pd.DataFrame(list(records), columns=list(types)).astype(dict(types))


@cache
def column_types(name: str) -> Mapping[str, str]:
    """Return column -> pandas type of the export's table `name`, in order."""
    schema = json.loads((files("results") / "data" / "export.schema.json").read_text(encoding="utf-8"))
    columns = schema["$defs"][name]["items"]["properties"]
    types = {column: described["type"] for column, described in columns.items()}
    return {column: TYPES[kind] if isinstance(kind, str) else NULLABLE[kind[0]] for column, kind in types.items()}


def interval_columns(name: str, interval: Interval | None) -> dict[str, float]:
    """Return an interval as the columns NAME, NAME_low and NAME_high; NaN without one."""
    ends = (interval.estimate, interval.low, interval.high) if interval else (nan, nan, nan)
    return dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
