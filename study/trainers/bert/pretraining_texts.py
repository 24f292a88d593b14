"""The sentences that stages before `multitask` read: which ones the space asks for, and whether the data has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mtbert.data.examples import Corpus
from mtbert.data.texts import Needs, needs_of, read_texts, together
from mtbert.errors import DataError
from search_spaces import Space
from search_spaces.grammar import Choices
from search_spaces.grammar.choices import places
from search_spaces.grammar.restricting import without
from study.settings import Settings
from study.trainers.bert.configuration import drawn, to_config

# Stage -> the field that names its corpora; supervised SimCSE has triplets.
CORPORA = {"mlm": "corpora", "simcse_unsupervised": "corpus"}
Asking = tuple[str, str]  # a stage, and the corpora that one of its levels names ("" for triplets)


@dataclass(frozen=True, eq=False)
class Sentences:
    """A space whose configurations find their sentences in `texts`.

    `left_out`: stages that it goes without ("mlm"), or levels of one ("mlm=paws"), and why; `nuisance` those of them
    that are levels of a nuisance factor, about which the space does not ask. `replaced`: the same of the sentences that
    rows of a grid have others for, told as "Rows 1, 7 take simcse_unsupervised.on.corpus=tasks".
    """

    space: Space
    texts: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]
    replaced: str = ""
    nuisance: frozenset[str] = frozenset()

    def notes(self) -> list[str]:
        """Return what differs from the space that was asked for, a sentence each."""
        if not self.replaced:
            asked = {what: why for what, why in self.left_out.items() if what not in self.nuisance}
            return [f"The search goes without {what}: {why}" for what, why in asked.items()]
        return [f"{self.replaced}, for want of {what}: {why}" for what, why in self.left_out.items()]


def with_sentences(space: Space, settings: Settings, corpus: Corpus) -> Sentences:
    """Read what any configuration of the space asks for.

    A search goes without a stage whose sentences the data does not have, or without those of its levels alone that need
    them. A row of a grid takes the baseline of a nuisance factor in place of such a level: other sentences for the same
    technique. Raises `DataError` where the baseline, or a row in any other way, needs what is missing.
    """
    texts: dict[str, tuple[str, ...]] = {}
    missing: dict[str, DataError] = {}
    wanted = _needs(space, settings)
    for name, most in together(wanted.values()).items():
        try:
            texts |= read_texts(corpus, {name: most}, settings.train_examples)
        except DataError as error:
            missing[name] = error
    if not missing:
        return Sentences(space, texts, {})
    if space.design == "grid" and not space.rows:  # it would lose cells
        raise next(iter(missing.values()))
    found = _without(space, wanted, missing, texts)
    changed: dict[str, list[str]] = {}
    for label, before, after in _required(space, found.space):
        needs = together(needs_of(to_config(space, before, settings)).values())
        lacking = [name for name in needs if name in missing]
        if lacking:
            changed.setdefault(_replacement(space, before, after, missing[lacking[0]]), []).append(label)
    told = [f"{_rows(labels)} {instead}" for instead, labels in changed.items()]
    return replace(found, replaced="; ".join(told))


def _rows(labels: Sequence[str]) -> str:
    """ "Row 1 takes", "Rows 1, 7 take"."""
    return f"Row{'s' if len(labels) > 1 else ''} {', '.join(labels)} take{'' if len(labels) > 1 else 's'}"


def _required(space: Space, smaller: Space) -> list[tuple[str, Choices, Choices]]:
    """Return what may not be left out, the baseline and the rows: its label, its choices in the space and in the
    smaller.
    """
    pairs: dict[str, tuple[Choices, Choices]] = {"baseline": ({}, {})}
    pairs |= {label: (row, smaller.rows[label]) for label, row in space.rows.items()}
    return [(label, space.complete(row), smaller.complete(other)) for label, (row, other) in pairs.items()]


def _replacement(space: Space, before: Choices, after: Choices, fault: DataError) -> str:
    """Return the levels that these choices take instead; raises `fault` unless all of them are of nuisance factors."""
    roles = {place.name: place.factor.role for place in places(space.factors)}
    changes = space.differences(before, after)
    if not changes or any(roles[one.factor] != "nuisance" or one.second is None for one in changes):
        raise fault
    return ", ".join(f"{one.factor}={one.second}" for one in changes)


def _without(
    space: Space, wanted: Mapping[Asking, Needs], missing: Mapping[str, DataError], texts: Mapping[str, tuple[str, ...]]
) -> Sentences:
    """Return the space without the stages, or levels of stages, that need missing sentences."""
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
    aside = frozenset(f"{stage}={corpora}" for stage, corpora in wanted if _of_nuisance(space, stage, corpora))
    return Sentences(without(space, stages, values) if told else space, texts, told, nuisance=aside & told.keys())


def _of_nuisance(space: Space, stage: str, corpora: str) -> bool:
    """Return whether what names these corpora is a level of a nuisance factor."""
    path = f"{stage}.{CORPORA.get(stage, '')}"
    return any(
        place.factor.role == "nuisance" and level.set.get(path) == corpora
        for place in places(space.factors)
        for level in place.factor.levels
    )


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
