"""Known recipes as nested configurations, for `python -m mtbert.train --recipe NAME`.

`mtbert` finds this module by the entry point `mtbert.recipes` (pyproject.toml) and calls `names` and `configuration`.
"""

from __future__ import annotations

from typing import Any

from search_spaces.factors.known_recipes import KNOWN
from search_spaces.spaces.full_ablation import SPACE


def names() -> tuple[str, ...]:
    """Return the names of the recipes."""
    return tuple(recipe.name for recipe in KNOWN)


def configuration(name: str, epochs: int, batch_size: int) -> dict[str, Any]:
    """Return the recipe as a nested configuration, for `epochs` of multitask fine-tuning on all of the data.

    Multiples (`Level.scale`) become numbers: of `epochs`, or of the recipe's batch size, else of `batch_size`. Numbers
    of sentences, which are multiples of the examples, stay the defaults of their stage.

    Raises:
        KeyError: if there is no such recipe.
    """
    choices = SPACE.complete({recipe.name: recipe for recipe in KNOWN}[name].choices)
    nested = SPACE.configuration(choices)
    multitask = nested.setdefault("multitask", {})
    references = {"epochs": epochs, "batch_size": multitask.get("batch_size", batch_size)}
    multitask.setdefault("epochs", epochs)
    for path, times in SPACE.scale(choices).items():
        *parents, field = path.split(".")
        if field in references:
            inner = nested
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[field] = max(1, round(references[field] * times))
    return nested
