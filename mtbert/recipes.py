"""Configurations with a name, from the packages that are installed beside this one.

A package offers recipes by an entry point of the group `mtbert.recipes` that names a module with `names()` and
`configuration(name, epochs, batch_size)`. So a recipe has a name here, and this package knows no search space.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from mtbert.config import RunConfig, parse
from mtbert.config.parts import MultitaskConfig
from mtbert.errors import ConfigurationError, Fault, unknown

GROUP = "mtbert.recipes"


def recipe(name: str, epochs: int | None = None) -> RunConfig:
    """Return the configuration of that name, for so many epochs of multitask fine-tuning (default: the
    configuration's).

    Raises `ConfigurationError` where no installed package offers it.
    """
    whole = MultitaskConfig()
    offered = _offered()
    if name not in offered:
        told = (
            unknown("recipe", name, offered) if offered else "no installed package offers any: pip install mtbert-study"
        )
        raise ConfigurationError([Fault("--recipe", told)])
    told = offered[name].configuration(name, whole.epochs if epochs is None else epochs, whole.batch_size)
    return parse(told)


def _offered() -> dict[str, Any]:
    """Recipe -> the module that offers it."""
    modules = [point.load() for point in entry_points(group=GROUP)]
    return {name: module for module in modules for name in module.names()}
