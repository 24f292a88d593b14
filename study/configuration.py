"""From a space's choices to configurations of `mtbert`: the space says what differs, the settings what is the same."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

from mtbert.config import RunConfig, parse
from mtbert.errors import ConfigurationError, Fault
from search_spaces import Space
from study.settings import Settings

# Enough draws to meet every level of every factor many times; it takes some hundredths of a second.
CHECK_SAMPLES = 64


def to_config(space: Space, choices: Mapping[str, Any], settings: Settings, seed: int = 0) -> RunConfig:
    """The configuration of `choices`: the settings, and over them what the chosen levels set."""
    common: dict[str, Any] = {
        "backbone": settings.backbone,
        "data": {"train_examples": settings.train_examples, "dev_examples": settings.dev_examples},
        "multitask": {"epochs": settings.epochs},
        "seed": seed,
    }
    return parse(_over(_over(_defaults(), common), space.configuration(choices)))


def check_space(space: Space, settings: Settings) -> RunConfig:
    """The baseline's configuration, after every level was tried in some configuration.

    Raises `ConfigurationError` with all faults, so that none shows up hours later.
    """
    faults: dict[str, Fault] = {}
    rng = random.Random(0)
    drawn = [space.baseline(), *(recipe.choices for recipe in space.recipes), *space.rows.values()]
    drawn += [space.sample(rng) for _ in range(CHECK_SAMPLES)]
    for choices in drawn:
        try:
            to_config(space, space.complete(choices), settings)
        except ConfigurationError as error:
            faults.update({str(fault): fault for fault in error.faults})
    if faults:
        raise ConfigurationError([Fault(f"space {space.name}, {f.path}", f.message) for f in faults.values()])
    return to_config(space, space.baseline(), settings)


def _defaults() -> dict[str, Any]:
    """The tasks and their heads before the space has its say."""
    return {"tasks": RunConfig().model_dump(mode="json")["tasks"]}


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`. A component (a part with a name) is replaced whole, other parts are merged."""
    result: dict[str, Any] = copy.deepcopy(dict(below))
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, Mapping) and "name" not in value:
            result[key] = _over(under, value)
        else:
            result[key] = copy.deepcopy(value)
    return result
