"""The registry of components: the folder is the list.

`mtbert/poolings/mean.py` *is* the pooling `mean`: the one public class that file defines. Nothing is registered
anywhere else, so a new component is one new file.

A component's constructor takes keyword-only parameters. Those **with** a default are its settings: a configuration may
set them, flat beside `name`. Those **without** one are facts about the model (the encoder's width, the number of
outputs): `build` is given them by the model, never by a configuration.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mtbert.errors import ConfigurationError, Fault, unknown

KINDS = ("poolings", "heads", "tasks", "samplers", "balancers", "adapters", "regularizers")
_SINGULAR = {kind: kind[:-1] for kind in KINDS}
_NOT_COMPONENTS = {"abstract"}  # a folder's base class lives beside its components
_FINITE = ConfigDict(allow_inf_nan=False)  # JSON has no other numbers, and training none that works


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return all components of a kind, sorted. They are listed by file name; nothing is imported.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if kind not in KINDS:
        raise ConfigurationError([Fault("", unknown("kind of component", kind, KINDS))])
    folder = Path(__file__).parent / kind
    modules = (module.name for module in pkgutil.iter_modules([str(folder)]))
    return tuple(sorted(name for name in modules if name not in _NOT_COMPONENTS))


@cache
def load(kind: str, name: str) -> typing.Any:
    """Return the class of one component.

    Raises:
        ConfigurationError: there is no component of that name; the message suggests the nearest one.
    """
    if name not in names(kind):
        raise ConfigurationError([Fault("name", unknown(_SINGULAR[kind], name, names(kind)))])
    module = importlib.import_module(f"mtbert.{kind}.{name}")
    classes = [
        value
        for key, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not key.startswith("_")
    ]
    if len(classes) != 1:
        raise TypeError(f"{module.__name__} must define exactly one public class, it defines {len(classes)}")
    return classes[0]


@cache
def settings(kind: str, name: str) -> Mapping[str, object]:
    """Return the settings of a component and their defaults, in the order of its constructor."""
    parameters = inspect.signature(load(kind, name)).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


@cache
def facts(kind: str, name: str) -> frozenset[str]:
    """Return the facts about the model that a component asks for."""
    parameters = inspect.signature(load(kind, name)).parameters.values()
    return frozenset(p.name for p in parameters if p.kind == p.KEYWORD_ONLY) - set(settings(kind, name))


def complete(kind: str, name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Return all settings of a component: those given, checked against the constructor's types, and the defaults.

    Raises:
        ConfigurationError: a setting is unknown, or a value has the wrong type, is not finite or out of range (ranges
        are
            in the constructor's annotations); it carries every fault.
    """
    known, checks = settings(kind, name), _checks(kind, name)
    faults, result = [], dict(known)
    for key, value in given.items():
        if key not in known:
            faults.append(Fault(key, unknown(f"setting of {_SINGULAR[kind]} {name}", key, known)))
            continue
        try:
            result[key] = checks[key].validate_python(value)
        except ValidationError as error:
            faults.append(Fault(key, f"{error.errors()[0]['msg']}, got {value!r}"))
    if faults:
        raise ConfigurationError(faults)
    return result


@cache
def _checks(kind: str, name: str) -> Mapping[str, TypeAdapter[typing.Any]]:
    """Return a validator for each setting, from the annotations of the constructor."""
    if not settings(kind, name):
        return {}
    types = typing.get_type_hints(load(kind, name).__init__, include_extras=True)
    return {key: TypeAdapter(types[key], config=_FINITE) for key in settings(kind, name)}


def build(kind: str, name: str, given: Mapping[str, object], **known: object) -> typing.Any:
    """Return an instance with the configuration's settings and those of the `known` facts that it asks for.

    A component names the facts it needs as keyword-only parameters without a default; others are not passed.
    """
    component, needed = load(kind, name), facts(kind, name)
    missing = needed - set(known)
    if missing:
        raise TypeError(f"{kind} {name} needs {sorted(missing)}, which the model does not provide")
    return component(**complete(kind, name, given), **{key: known[key] for key in needed})
