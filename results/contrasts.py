"""A table of contrasts of several configurations each: seed noise pooled over the table, and verdicts.

An interaction is a contrast of four configurations: what two changes do together beyond the sum of what each does
alone. As in `compared`, three seeds tell little of how much a configuration deviates, and all rows together a lot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from results.compared import Compared
from results.moderation import variance_prior
from results.statistics import judge
from results.study_results import Comparison, StudyResults
from results.task_units import margin_of

Weights = Mapping[str, float]  # digest -> weight, summing to 0


def judged_contrasts(results: StudyResults, rows: Sequence[Weights]) -> list[Compared]:
    """Each row's contrast with its verdict, in the order given; errors are held over the whole table.

    Differences below the study's margin count as none. A row without two seeds in common in all its configurations, or
    without any configuration, has neither.
    """
    plain = [results.contrast(row) if row else None for row in rows]
    found = [(place, contrast) for place, contrast in enumerate(plain) if contrast is not None]
    if not found:
        return [Compared(None, None) for _ in rows]
    moderated = _moderated(results, [(rows[place], contrast) for place, contrast in found])
    margin = margin_of(results.study)
    verdicts = judge([[contrast.difference] for contrast in moderated], margin=margin)
    told = [Compared(None, None)] * len(plain)
    for (place, _), contrast, verdict in zip(found, moderated, verdicts, strict=True):
        told[place] = Compared(contrast, verdict, contrast.difference)
    return told


def run_ids(results: StudyResults, digests: Sequence[str], seeds: Sequence[int]) -> str:
    """The runs a number came from, ascending, as a table's column has them."""
    runs = (results.results_of(digest) for digest in dict.fromkeys(digests))
    return " ".join(map(str, sorted(found[seed].id for found in runs for seed in seeds if seed in found)))


def _moderated(results: StudyResults, rows: Sequence[tuple[Weights, Comparison]]) -> list[Comparison]:
    """The same with the noise of seeds pooled: each configuration's variance moderated by those of all in the table.

    With s_c^2 the moderated variance of configuration c over seeds, the seeds' part is sum_c w_c^2 s_c^2 / seeds. What
    configurations have in common through their seed makes the contrast less noisy than that, never more: its weights
    sum to 0. The examples' part is that of the contrast itself.
    """
    digests = dict.fromkeys(digest for weights, _ in rows for digest in weights)
    scores = {digest: np.array(results.scores(digest)) for digest in digests}
    prior = variance_prior([s.var(ddof=1) for s in scores.values()], [len(s) - 1 for s in scores.values()])
    moderated = {d: prior.moderated(float(s.var(ddof=1)), len(s) - 1) for d, s in scores.items()}
    found = []
    for weights, contrast in rows:
        seeds = sum(weight**2 * moderated[d][0] for d, weight in weights.items()) / len(contrast.seeds)
        df = min(moderated[d][1] for d in weights)
        noise = replace(contrast.difference.noise, seeds=float(seeds), seed_df=df)
        found.append(replace(contrast, difference=replace(contrast.difference, noise=noise)))
    return found
