"""The faults of a configuration: pydantic's errors with their paths, and the nearest name for an unknown one."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from mtbert.errors import Fault, unknown

Model = TypeVar("Model", bound=BaseModel)


def faults_of(error: ValidationError) -> list[Fault]:
    """Return all faults of a refused configuration, each with its dotted path."""
    return [Fault(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]


def validation_error(title: str, faults: Sequence[Fault], value: Any) -> ValidationError:
    """Return faults in pydantic's form, so that they keep their paths inside a larger configuration."""
    return ValidationError.from_exception_data(title, line_errors(faults, value))


def line_errors(faults: Sequence[Fault], value: Any) -> list[InitErrorDetails]:
    """Return faults as lines of pydantic's error; `value` is the input that has them."""
    return [
        InitErrorDetails(
            type=PydanticCustomError("component", "{message}", {"message": fault.message}),
            loc=(fault.path,),
            input=value,
        )
        for fault in faults
    ]


def sound_part(
    value: Any, faults: Sequence[ErrorDetails], validate: Callable[[Any], Model]
) -> tuple[Model | None, set[str]]:
    """Return the result of `validate` for `value` without its faulty fields, and the dotted paths of these.

    Only the faulty field of a part is left out if the part is valid without it, otherwise the whole part. The result is
    None if nothing is left that can be validated.
    """
    unsound: set[tuple[int | str, ...]] = set()
    for depth in (2, 1):
        unsound |= {details["loc"][:depth] for details in faults if details["loc"]}
        try:
            return validate(_without(value, unsound)), {".".join(map(str, loc)) for loc in unsound}
        except ValidationError as error:
            faults = error.errors()
    return None, set()


def _without(value: Any, places: Collection[tuple[int | str, ...]]) -> Any:
    """Return a mapping without the entries at these places; an entry that is a place itself is left out whole."""
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, part in value.items():
        inside = {loc[1:] for loc in places if loc[0] == key}
        if not inside:
            kept[key] = part
        elif () not in inside and isinstance(part, Mapping):
            kept[key] = _without(part, inside)
    return kept


def with_hint(model: type[BaseModel], details: Any) -> InitErrorDetails:
    """Return the error with a better message: the existing fields for an unknown one, otherwise the given value."""
    loc = details["loc"]
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = unknown("field", str(loc[-1]), _fields_at(model, loc[:-1]))
    elif details["type"] not in ("missing", "component", "value_error"):
        message = f"{message}, got {details['input']!r}"
    error = PydanticCustomError(details["type"], "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=loc, input=details["input"])


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the fields of the part at `loc`; a key of a mapping leads to the mapping's values."""
    field: Any = model
    for step in loc:
        if isinstance(field, type) and issubclass(field, BaseModel):
            field = field.model_fields[str(step)].annotation
        else:
            field = typing.get_args(field)[-1]  # dict[str, TaskConfig]
        if isinstance(field, types.UnionType):  # MlmConfig | None
            field = next(kind for kind in typing.get_args(field) if kind is not type(None))
    return list(field.model_fields)
