"""The sentences for stages before `multitask`: those that a space asks for, and those that the data has."""

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
from study.trainers.bert.configuration import covering_choices, to_config

# Stage -> the field that names its corpora; supervised SimCSE has triplets.
CORPORA = {"mlm": "corpora", "simcse_unsupervised": "corpus"}
Asking = tuple[str, str]  # a stage, and the corpora that one of its levels names ("" for triplets)


@dataclass(frozen=True, eq=False)
class Sentences:
    """A space and the `texts` that its configurations read.

    `left_out` maps removed stages ("mlm"), or levels of one ("mlm=paws"), to the reasons; `nuisance` are those that are
    levels of nuisance factors. `replaced` says which rows of a grid use other sentences instead, as in "Rows 1, 7 take
    simcse_unsupervised.on.corpus=tasks".
    """

    space: Space
    texts: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]
    replaced: str = ""
    nuisance: frozenset[str] = frozenset()

    def notes(self) -> list[str]:
        """Return a sentence for each difference from the requested space."""
        if not self.replaced:
            removed = {part: reason for part, reason in self.left_out.items() if part not in self.nuisance}
            return [f"The search leaves out {part}: {reason}" for part, reason in removed.items()]
        return [f"{self.replaced}, because {part} cannot be used: {reason}" for part, reason in self.left_out.items()]


def with_sentences(space: Space, settings: Settings, corpus: Corpus) -> Sentences:
    """Read the sentences of all configurations of the space.

    A search leaves out a stage whose sentences the data does not have, or only those of its levels that need them. A
    row of a grid takes the baseline of a nuisance factor instead of such a level: other sentences for the same
    technique.

    Raises:
        DataError: the baseline, or a row whose level is not of a nuisance factor, needs missing sentences.
    """
    texts: dict[str, tuple[str, ...]] = {}
    missing: dict[str, DataError] = {}
    requested, baseline = _needs(space, settings), to_config(space, space.baseline(), settings, settings.seed)
    for name, most in together(requested.values()).items():
        try:
            texts |= read_texts(corpus, {name: most}, settings.train_examples, baseline.subset_seed)
        except DataError as error:
            missing[name] = error
    if not missing:
        return Sentences(space, texts, {})
    if space.design == "grid" and not space.rows:  # leaving out a level would remove cells
        raise next(iter(missing.values()))
    sentences = _without(space, requested, missing, texts)
    changed: dict[str, list[str]] = {}
    pairs: dict[str, tuple[Choices, Choices]] = {"baseline": ({}, {})}
    pairs |= {label: (row, sentences.space.rows[label]) for label, row in space.rows.items()}
    for label, (row, other) in pairs.items():
        before, after = space.complete(row), sentences.space.complete(other)
        needs = together(needs_of(to_config(space, before, settings)).values())
        lacking = [name for name in needs if name in missing]
        if lacking:
            changed.setdefault(_replacement(space, before, after, missing[lacking[0]]), []).append(label)
    replaced = "; ".join(f"{_rows(labels)} {levels}" for levels, labels in changed.items())
    return replace(sentences, replaced=replaced)


def _rows(labels: Sequence[str]) -> str:
    """Return "Row 1 takes" or "Rows 1, 7 take"."""
    return f"Row{'s' if len(labels) > 1 else ''} {', '.join(labels)} take{'' if len(labels) > 1 else 's'}"


def _replacement(space: Space, before: Choices, after: Choices, fault: DataError) -> str:
    """Return the levels that replace missing ones; raise `fault` unless all are levels of nuisance factors."""
    roles = {place.name: place.factor.role for place in places(space.factors)}
    changes = space.differences(before, after)
    if not changes or any(roles[change.factor] != "nuisance" or change.second is None for change in changes):
        raise fault
    return ", ".join(f"{change.factor}={change.second}" for change in changes)


def _without(
    space: Space,
    requested: Mapping[Asking, Needs],
    missing: Mapping[str, DataError],
    texts: Mapping[str, tuple[str, ...]],
) -> Sentences:
    """Return the space without the stages, or levels of stages, that need missing sentences."""
    stages: list[str] = []
    values: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for stage in dict.fromkeys(stage for stage, _ in requested):
        lacks = {corpora: needs.keys() & missing.keys() for (s, corpora), needs in requested.items() if s == stage}
        lacking = {corpora: names for corpora, names in lacks.items() if names}
        if lacking and len(lacking) == len(lacks):
            stages.append(stage)
            counts = Counter(name for names in lacking.values() for name in sorted(names))
            reasons[stage] = str(missing[counts.most_common(1)[0][0]])  # what most levels lack
            continue
        for corpora, names in lacking.items():
            values.setdefault(f"{stage}.{CORPORA[stage]}", []).append(corpora)
            reasons[f"{stage}={corpora}"] = str(missing[min(names)])
    nuisance = {f"{stage}={corpora}" for stage, corpora in requested if _of_nuisance(space, stage, corpora)}
    reduced = without(space, stages, values) if reasons else space
    return Sentences(reduced, texts, reasons, nuisance=frozenset(nuisance & reasons.keys()))


def _of_nuisance(space: Space, stage: str, corpora: str) -> bool:
    """Return whether a level of a nuisance factor names these corpora."""
    path = f"{stage}.{CORPORA.get(stage, '')}"
    return any(
        place.factor.role == "nuisance" and level.set.get(path) == corpora
        for place in places(space.factors)
        for level in place.factor.levels
    )


def _needs(space: Space, settings: Settings) -> dict[Asking, Needs]:
    """Return the needs of all configurations of the space, by stage and corpora."""
    tried = [*covering_choices(space), *(other.choices for other in space.alternatives(space.baseline()))]
    by_stage: dict[Asking, list[Needs]] = {}
    for choices in tried:
        config = to_config(space, space.complete(choices), settings)
        for stage, needs in needs_of(config).items():
            corpora = getattr(getattr(config, stage), CORPORA[stage]) if stage in CORPORA else ""
            by_stage.setdefault((stage, corpora), []).append(needs)
    return {asking: together(needs) for asking, needs in by_stage.items()}
