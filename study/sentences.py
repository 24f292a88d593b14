"""The sentences that stages before `multitask` read: which ones the space asks for, and whether the data has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from mtbert.data.examples import Corpus
from mtbert.data.texts import Needs, needs_of, read_texts, together
from mtbert.errors import DataError
from search_spaces import Space
from study.configuration import drawn, to_config
from study.settings import Settings

# Stage -> the field that names its corpora; supervised SimCSE has triplets.
CORPORA = {"mlm": "corpora", "simcse_unsupervised": "corpus"}
Asking = tuple[str, str]  # a stage, and the corpora that one of its levels names ("" for triplets)


@dataclass(frozen=True, eq=False)
class Sentences:
    """A space whose configurations find their sentences in `texts`.

    `left_out`: stages that it goes without ("mlm"), or levels of one ("mlm=paws"), and why.
    """

    space: Space
    texts: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]


def with_sentences(space: Space, settings: Settings, corpus: Corpus) -> Sentences:
    """Read what any configuration of the space asks for.

    A search goes without a stage whose sentences the data does not have, or without those of its levels alone that need
    them. Raises `DataError` where the baseline or a row of a grid needs them.
    """
    texts: dict[str, tuple[str, ...]] = {}
    missing: dict[str, DataError] = {}
    wanted = _needs(space, settings)
    for name, most in together(wanted.values()).items():
        try:
            texts |= read_texts(corpus, {name: most}, settings.train_examples)
        except DataError as error:
            missing[name] = error
    baseline = needs_of(to_config(space, space.baseline(), settings))
    for name, fault in missing.items():
        if space.design == "grid" or any(name in needs for needs in baseline.values()):
            raise fault
    return _without(space, wanted, missing, texts)


def _without(
    space: Space, wanted: Mapping[Asking, Needs], missing: Mapping[str, DataError], texts: Mapping[str, tuple[str, ...]]
) -> Sentences:
    """The space without what asks for missing sentences: a stage all of whose levels do, or some of its levels."""
    stages: list[str] = []
    values: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    for stage in dict.fromkeys(stage for stage, _ in wanted):
        asking = {corpora: needs.keys() & missing.keys() for (name, corpora), needs in wanted.items() if name == stage}
        lacking = {corpora: lacks for corpora, lacks in asking.items() if lacks}
        if lacking and len(lacking) == len(asking):
            stages.append(stage)
            counts = Counter(name for lacks in lacking.values() for name in sorted(lacks))
            told[stage] = str(missing[counts.most_common(1)[0][0]])  # what most levels lack
            continue
        for corpora, lacks in lacking.items():
            values.setdefault(f"{stage}.{CORPORA[stage]}", []).append(corpora)
            told[f"{stage}={corpora}"] = str(missing[min(lacks)])
    return Sentences(space.without(stages, values) if told else space, texts, told)


def _needs(space: Space, settings: Settings) -> dict[Asking, Needs]:
    """Stage and corpora -> what any configuration of the space that has them asks for."""
    tried = [*drawn(space), *(other.choices for other in space.alternatives(space.baseline()))]
    found: dict[Asking, list[Needs]] = {}
    for choices in tried:
        config = to_config(space, space.complete(choices), settings)
        for stage, needs in needs_of(config).items():
            corpora = getattr(getattr(config, stage), CORPORA[stage]) if stage in CORPORA else ""
            found.setdefault((stage, corpora), []).append(needs)
    return {asking: together(needs) for asking, needs in found.items()}
