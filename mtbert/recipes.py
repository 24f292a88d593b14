"""Configurations by name, from the packages that are installed beside this one.

A package offers recipes by an entry point of the group `mtbert.recipes` that names a module with `names()` and
`configuration(name, epochs, batch_size)`. Recipes thus have names here without this package knowing any search space.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from mtbert.config import RunConfig, parse
from mtbert.config.parts import MultitaskConfig
from mtbert.errors import ConfigurationError, Fault, unknown

GROUP = "mtbert.recipes"


def recipe(name: str, epochs: int | None = None) -> RunConfig:
    """Return the configuration of that name, with this number of epochs of multitask fine-tuning (None: the default).

    Raises:
        ConfigurationError: no installed package offers it.
    """
    defaults = MultitaskConfig()
    offered = _offered()
    if name not in offered:
        none = "no installed package offers any: pip install mtbert-study"
        raise ConfigurationError([Fault("--recipe", unknown("recipe", name, offered) if offered else none)])
    epochs = defaults.epochs if epochs is None else epochs
    return parse(offered[name].configuration(name, epochs, defaults.batch_size))


def _offered() -> dict[str, Any]:
    """Return the module that offers each recipe."""
    modules = [point.load() for point in entry_points(group=GROUP)]
    return {name: module for module in modules for name in module.names()}
