"""The sentences that stages before `multitask` read: which ones the space asks for, and whether the data has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtbert.data.examples import Corpus
from mtbert.data.texts import Needs, needs_of, read_texts, together
from mtbert.errors import DataError
from search_spaces import Space
from study.configuration import drawn, to_config
from study.settings import Settings


@dataclass(frozen=True, eq=False)
class Sentences:
    """A space whose configurations find their sentences in `texts`; `left_out`: stages it goes without, and why."""

    space: Space
    texts: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]


def with_sentences(space: Space, settings: Settings, corpus: Corpus) -> Sentences:
    """Read what any configuration of the space asks for.

    A search goes without a stage whose sentences the data does not have. Raises `DataError` where the baseline or a
    row of a grid needs them.
    """
    texts: dict[str, tuple[str, ...]] = {}
    missing: dict[str, DataError] = {}
    wanted = _needs(space, settings)
    for name, most in together(wanted.values()).items():
        try:
            texts |= read_texts(corpus, {name: most}, settings.train_examples)
        except DataError as error:
            missing[name] = error
    without = [stage for stage, needs in wanted.items() if missing.keys() & needs.keys()]
    baseline = needs_of(to_config(space, space.baseline(), settings))
    for name, fault in missing.items():
        if space.design == "grid" or any(name in needs for needs in baseline.values()):
            raise fault
    told = {stage: str(fault) for stage in without for name, fault in missing.items() if name in wanted[stage]}
    return Sentences(space.without(without) if without else space, texts, told)


def _needs(space: Space, settings: Settings) -> dict[str, Needs]:
    """Stage -> what any configuration of the space that has it asks for."""
    tried = [*drawn(space), *(other.choices for other in space.alternatives(space.baseline()))]
    found: dict[str, list[Needs]] = {}
    for choices in tried:
        for stage, needs in needs_of(to_config(space, space.complete(choices), settings)).items():
            found.setdefault(stage, []).append(needs)
    return {stage: together(needs) for stage, needs in found.items()}
