"""The faults of a configuration: pydantic's errors with paths kept, and the nearest name where one is unknown."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from mtbert.errors import Fault, unknown


def faults_of(error: ValidationError) -> list[Fault]:
    """All faults of a refused configuration, each with its dotted path."""
    return [Fault(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]


def validation_error(title: str, faults: Sequence[Fault], value: Any) -> ValidationError:
    """The same faults in pydantic's form, so that they keep their paths inside a larger configuration."""
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(
                type=PydanticCustomError("component", "{message}", {"message": fault.message}),
                loc=(fault.path,),
                input=value,
            )
            for fault in faults
        ],
    )


def with_hint(model: type[BaseModel], details: Any) -> InitErrorDetails:
    """The same error, said better: for an unknown field the fields that exist at its place, else the value given."""
    loc = details["loc"]
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = unknown("field", str(loc[-1]), _fields_at(model, loc[:-1]))
    elif details["type"] not in ("missing", "component", "value_error"):
        message = f"{message}, got {details['input']!r}"
    error = PydanticCustomError(details["type"], "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=loc, input=details["input"])


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The fields of the part that `loc` leads to; a key of a mapping leads to the mapping's values."""
    found: Any = model
    for step in loc:
        if isinstance(found, type) and issubclass(found, BaseModel):
            found = found.model_fields[str(step)].annotation
        else:
            found = typing.get_args(found)[-1]  # dict[str, TaskConfig]
    return list(found.model_fields)
