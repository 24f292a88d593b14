"""Studies with planted effects: how often intervals cover, verdicts err, and by how much a chosen score is too high.

Run by `statistics.py`. Two configurations are trained with the same seeds and scored on the same 1,000 dev examples. A
seed moves a configuration's accuracy by 0.7 points (standard deviation); each example has a difficulty of its own, and
takes the change between the configurations in its own way (deviation 10 points an example). In the world `noisy` the
seeds err on examples independently, given their difficulty; in `alike` half of the examples are clear, and seeds agree
on them. Truth is the expected difference over new seeds and new examples. Everything is judged by the public functions
of `results.statistics`. The exit code is 1 where a figure misses its target.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is imported: a process a core, not a thread

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[1]))  # behind this folder: run from a checkout, too

from results.analysis.winners_curse import WinnersCurse
from results.importance.evaluate import importances
from results.statistics import (
    CorrelationDifference,
    Difference,
    MeanDifference,
    expected_selection_bias,
    judge,
    minimum_detectable_effect,
    moderated_differences,
    paired_bootstrap,
    paired_difference,
    paired_score_bootstrap,
    score_difference,
    selection_gap,
    spending,
)

Array = NDArray[np.float64]
SEED_DEVIATION, EXAMPLES = 0.007, 1000
OWN_EFFECT = 0.1  # how differently single examples take a change
SEEDS = (3, 5, 10)
LOOKS = (3, 4, 5, 6)
NULL_ROWS = 20
CONFIRMED = 5  # configurations that the best is chosen of
WORLDS = {"noisy": 0.0, "alike": 0.5}  # the share of examples that every seed gets right, or wrong
POINT = 0.01


class Figure(NamedTuple):
    """One measured number, the range it must lie in, and what it is."""

    name: str
    value: float
    low: float
    high: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the number lies in its range."""
        return self.low <= self.value <= self.high

    def __str__(self) -> str:
        verdict = "" if self.holds else "   MISSED"
        return f"{self.name:<100} {self.value:8.3f} {self.unit:<7} target {self.low:g} to {self.high:.3g}{verdict}"


class World:
    """Draws what runs get right: (seeds, examples) of 0 and 1, for any number of configurations."""

    def __init__(self, clear: float, rng: np.random.Generator) -> None:
        self._clear, self._rng = clear, rng

    def runs(self, seeds: int, gains: Array) -> Array:
        """(configurations, seeds, examples): the same examples for all, seeds moving each configuration by itself."""
        rng = self._rng
        difficulty = rng.uniform(0.25, 0.75, EXAMPLES)  # so that effects of 10 points add up and stay probabilities
        difficulty = np.where(rng.random(EXAMPLES) < self._clear, np.round(difficulty), difficulty)
        own = rng.normal(0, OWN_EFFECT, (len(gains), 1, EXAMPLES)).clip(-0.14, 0.14)
        own[0] = 0.0  # the first configuration is what the others are compared with
        clear = (difficulty == 0) | (difficulty == 1)
        moved = rng.normal(0, SEED_DEVIATION, (len(gains), seeds, 1))
        # What cannot move where examples are clear moves the more elsewhere: the mean moves by what was planted.
        share = 1 - clear.mean()
        chance = difficulty + np.where(clear, 0.0, own + (moved + gains[:, None, None]) / share)
        return (rng.random(chance.shape) < chance).astype(np.float64)

    def similarity(self, seeds: int, strengths: tuple[float, float]) -> tuple[Array, Array, Array]:
        """Predictions of two configurations (seeds, examples) each, and the labels they correlate with."""
        rng = self._rng
        labels = rng.normal(size=EXAMPLES)
        common = rng.normal(0, 0.4, EXAMPLES)
        arms = []
        for strength in strengths:
            own = rng.normal(0, 0.2, EXAMPLES)
            slope = strength + rng.normal(0, SLOPE_DEVIATION, (seeds, 1))
            arms.append(slope * labels + common + own + rng.normal(0, REST_DEVIATION, (seeds, EXAMPLES)))
        return arms[0], arms[1], labels


REST_DEVIATION = 0.3
SLOPE_DEVIATION = 0.0235  # moves r by 0.7 points at a slope of 1
_NOISE_DEVIATION = float(np.sqrt(0.4**2 + 0.2**2 + REST_DEVIATION**2))


def expected_r(strength: float) -> float:
    """Pearson's r expected over seeds, whose slopes are normal around `strength`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    slopes = strength + SLOPE_DEVIATION * nodes
    return float((slopes / np.sqrt(slopes**2 + _NOISE_DEVIATION**2)) @ weights / weights.sum())


def coverage_of_accuracies(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A gain of one point in accuracy: how often `paired_bootstrap` holds it."""
    gain = 1 * POINT
    for name, clear in WORLDS.items():
        world = World(clear, rng)
        for seeds in SEEDS:
            covered, width = [], []
            for _ in range(repetitions):
                b, a = world.runs(seeds, np.array([0.0, gain]))
                interval = paired_bootstrap(a, b)
                covered.append(interval.low <= gain <= interval.high)
                width.append((interval.high - interval.low) / POINT)
            yield Figure(
                f"cover: accuracy, {name}, {seeds} seeds (mean width {np.mean(width):.1f} points)",
                100 * float(np.mean(covered)), 93, 97, "%",
            )  # fmt: skip


def coverage_of_correlations(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A gain in Pearson's r, computed anew in every resample."""
    world, strengths = World(WORLDS["noisy"], rng), (1.03, 1.0)
    truth = expected_r(strengths[0]) - expected_r(strengths[1])
    for seeds in SEEDS:
        covered = []
        for _ in range(repetitions):
            a, b, labels = world.similarity(seeds, strengths)
            interval = score_difference([CorrelationDifference(a, b, labels)], resamples=1000).interval()
            covered.append(interval.low <= truth <= interval.high)
        yield Figure(f"cover: Pearson's r, {seeds} seeds", 100 * float(np.mean(covered)), 93, 97, "%")


def coverage_of_scores(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """The mean of two accuracies and a correlation, with examples of their own and the same seeds."""
    gain, strengths = 1 * POINT, (1.03, 1.0)
    truth = (2 * gain + expected_r(strengths[0]) - expected_r(strengths[1])) / 3
    first, second = World(WORLDS["noisy"], rng), World(WORLDS["alike"], rng)
    for seeds in SEEDS:
        covered = []
        for _ in range(repetitions):
            pairs = [world.runs(seeds, np.array([0.0, gain])) for world in (first, second)]
            tasks = [MeanDifference(a, b) for b, a in pairs]
            similar = CorrelationDifference(*first.similarity(seeds, strengths))
            interval = score_difference([*tasks, similar], resamples=1000).interval()
            covered.append(interval.low <= truth <= interval.high)
        yield Figure(f"cover: mean of three tasks, {seeds} seeds", 100 * float(np.mean(covered)), 93, 97, "%")


def family_wise_error(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """20 rows without an effect, all compared with one configuration; any "helps" or "hurts" is an error."""
    for name, clear in WORLDS.items():
        world = World(clear, rng)
        for seeds in SEEDS:
            wrong = naive = 0
            for _ in range(repetitions):
                best, *rows = world.runs(seeds, np.zeros(NULL_ROWS + 1))
                judged = judge([[paired_difference(row, best)] for row in rows])
                wrong += any(row.verdict in ("helps", "hurts") for row in judged)
                naive += any(row.p <= 0.05 for row in judged)
            yield Figure(
                f"family-wise error: 20 null rows, {name}, {seeds} seeds (unadjusted: {100 * naive / repetitions:.0f})",
                100 * wrong / repetitions, 0, 5, "%",
            )  # fmt: skip


def chosen_reference(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """20 null rows against the best of 5 configurations, chosen by the runs that the rows are compared with.

    The best is biased upwards, and rows seem to hurt: without a correction (`winners_curse`), more than 5 % of the
    tables err. Verdicts take it off, once and at repeated looks.
    """
    world = World(WORLDS["alike"], rng)
    shares = spending(LOOKS)
    for spread in (0.0, 0.005):
        plain = once = looked = 0
        for _ in range(repetitions):
            true = rng.normal(0, spread, CONFIRMED)
            runs = world.runs(LOOKS[-1], np.concatenate([true, np.zeros(NULL_ROWS)]))
            best, rows, curse = _chosen(runs, true, 5)
            differences = moderated_differences([row[:5] for row in rows], best[:5])
            plain += _errs(_verdicts(differences))
            once += _errs(_verdicts(curse.corrected(differences, differences[0])))
            best, rows, curse = _chosen(runs, true, LOOKS[0])
            looked += _errs(looked_at(rows, best, shares, margin=0.005, compare=partial(_corrected, curse)))
        told = f"best of {CONFIRMED} as the reference, true scores deviating by {100 * spread:g} points"
        left = f"uncorrected: {100 * plain / repetitions:.1f}"
        yield Figure(f"{told}: a table of 20 null rows errs ({left})", 100 * once / repetitions, 0, 5, "%")
        yield Figure(f"{told}: the same at looks at 3, 4, 5, 6 seeds", 100 * looked / repetitions, 0, 5, "%")


def _chosen(runs: Array, true: Array, seeds: int) -> tuple[Array, list[Array], WinnersCurse]:
    """The best of the confirmed by their first `seeds`, rows that are truly its equals, and the bias of the choice."""
    means = runs[:CONFIRMED, :seeds].mean(axis=(1, 2))
    best = int(means.argmax())
    return runs[best], [row + true[best] for row in runs[CONFIRMED:]], WinnersCurse(tuple(means))


def _corrected(curse: WinnersCurse, rows: Sequence[Array], best: Array) -> list[Difference]:
    differences = moderated_differences(rows, best)
    return curse.corrected(differences, differences[int(np.argmax([len(row) for row in rows]))])


def _verdicts(differences: Sequence[Difference]) -> list[str]:
    return [row.verdict for row in judge([[difference] for difference in differences])]


def _errs(verdicts: Sequence[str]) -> bool:
    return any(verdict in ("helps", "hurts") for verdict in verdicts)


def sequential_error(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """Rows that stay open get a further seed, up to the last look; 20 null rows, and rows exactly at the margin."""
    shares = spending(LOOKS)
    for name, clear in WORLDS.items():
        world = World(clear, rng)
        for compare in (alone, moderated_differences):
            wrong = 0
            for _ in range(repetitions):
                best, *rows = world.runs(LOOKS[-1], np.zeros(NULL_ROWS + 1))
                verdicts = looked_at(rows, best, shares, margin=0.005, compare=compare)
                wrong += any(verdict in ("helps", "hurts") for verdict in verdicts)
            yield Figure(
                f"family-wise error: 20 null rows, {name}, 3, 4, 5, 6 seeds, noise {NOISE[compare]}",
                100 * wrong / repetitions, 0, 5, "%",
            )  # fmt: skip


def moderated_error(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """20 null rows and one that gains 4 points; the noise is told by all rows, and configurations may differ in it.

    Scores of runs deviate by 1.4 points: 0.7 of the seed, and what right and wrong on 1,000 examples adds.
    """
    for spread in (0.0, 0.5):
        for seeds in SEEDS:
            wrong, found = 0, {alone: 0, moderated_differences: 0}
            for _ in range(repetitions):
                deviations = 0.014 * np.exp(rng.normal(0, spread, (NULL_ROWS + 2, 1, 1)))
                best, *rows = rng.normal(0, 1, (NULL_ROWS + 2, seeds, 1)) * deviations
                rows[0] = rows[0] + 4 * POINT
                for compare in found:
                    verdicts = [row.verdict for row in judge([[d] for d in compare(rows, best)])]
                    found[compare] += verdicts[0] == "helps"
                    if compare is moderated_differences:
                        wrong += any(verdict in ("helps", "hurts") for verdict in verdicts[1:])
            shares = ", ".join(f"{100 * found[compare] / repetitions:.0f} % {NOISE[compare]}" for compare in found)
            yield Figure(
                f"family-wise error: noise of all rows, spread {spread:g}, {seeds} seeds (4 points found: {shares})",
                100 * wrong / repetitions, 0, 5, "%",
            )  # fmt: skip


def alone(rows: Sequence[Array], best: Array) -> list[Difference]:
    """Each row minus the best, its noise from its own seeds alone."""
    return [paired_difference(row, best[: len(row)]) for row in rows]


Compare = Callable[[Sequence[Array], Array], list[Difference]]
NOISE: dict[Compare, str] = {alone: "own", moderated_differences: "of all rows"}


def looked_at(rows: list[Array], best: Array, shares: Array, *, margin: float, compare: Compare = alone) -> list[str]:
    """The verdicts after all looks: a row whose verdict is open gets the seeds of the next look."""
    history: list[list[Difference]] = [[] for _ in rows]
    verdicts, had = ["open"] * len(rows), [0] * len(rows)
    for seeds in LOOKS:
        had = [seeds if verdict == "open" else count for verdict, count in zip(verdicts, had, strict=True)]
        differences = compare([row[:count] for row, count in zip(rows, had, strict=True)], best[:seeds])
        for looks, verdict, difference in zip(history, verdicts, differences, strict=True):
            if verdict == "open":
                looks.append(difference)
        verdicts = [row.verdict for row in judge(history, shares=shares, margin=margin)]
        if "open" not in verdicts:
            break
    return verdicts


def equivalence_error(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A true difference of exactly the margin; "equivalent" is an error.

    At half a point, and at 4 points, which such noise can see: there the error is 5 % by construction, and the
    simulation may find two of its own standard errors more.
    """
    for margin, limit in ((0.005, 5.0), (0.04, 5 + 200 * (0.05 * 0.95 / repetitions) ** 0.5)):
        world = World(WORLDS["alike"], rng)
        for seeds in SEEDS:
            wrong = 0
            for _ in range(repetitions):
                b, a = world.runs(seeds, np.array([0.0, margin]))
                wrong += judge([[paired_difference(a, b)]], margin=margin)[0].verdict == "equivalent"
            yield Figure(
                f"TOST: called equivalent at a margin of {100 * margin:g} points, {seeds} seeds",
                100 * wrong / repetitions, 0, limit, "%",
            )  # fmt: skip
        wrong = 0
        for _ in range(repetitions):
            b, a = world.runs(LOOKS[-1], np.array([0.0, margin]))
            wrong += looked_at([a], b, spending(LOOKS), margin=margin) == ["equivalent"]
        yield Figure(
            f"TOST: the same at looks at 3, 4, 5, 6 seeds, {100 * margin:g} points",
            100 * wrong / repetitions,
            0,
            5,
            "%",
        )


def power(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A true difference of what `minimum_detectable_effect` says 80 % find, seeds alone and with examples."""
    for seeds in SEEDS:
        variance = (SEED_DEVIATION**2) * 2
        effect = minimum_detectable_effect(SEED_DEVIATION * 2**0.5, seeds, example_variance=0.2 * variance)
        drawn = effect + rng.normal(0, (0.2 * variance) ** 0.5, (repetitions, 1))
        runs = drawn + rng.normal(0, variance**0.5, (repetitions, seeds))
        shared = rng.normal(0, 1, EXAMPLES)
        shared = (shared - shared.mean()) / shared.std(ddof=1) * (0.2 * variance * EXAMPLES) ** 0.5
        found = [
            paired_difference(row[:, None] + shared, np.zeros((seeds, EXAMPLES))).p_value() <= 0.05 for row in runs
        ]
        yield Figure(
            f"found: a difference of {effect / POINT:.1f} points, {seeds} seeds",
            100 * float(np.mean(found)),
            77,
            83,
            "%",
        )


def winners_curse(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """100 configurations whose true scores deviate by 0.5 points, one run each; the best again with 5 fresh seeds."""
    naive, confirmed = [], []
    for _ in range(repetitions):
        true = rng.normal(0.70, 0.005, 100)
        searched = true + rng.normal(0, SEED_DEVIATION, 100)
        best = true[searched.argmax()]
        gap = selection_gap(searched, best + rng.normal(0, SEED_DEVIATION, 5))
        naive.append((gap.searched - best) / POINT)
        confirmed.append((gap.confirmed - best) / POINT)
    foreseen = expected_selection_bias(100, SEED_DEVIATION, 0.005) / POINT
    yield Figure("winner's curse: best of 100 single runs too high by", float(np.mean(naive)), 1.3, 1.6, "points")
    yield Figure(
        "winner's curse: expected_selection_bias against that, difference",
        float(np.mean(naive)) - foreseen,
        -0.05,
        0.05,
        "points",
    )
    yield Figure("winner's curse: confirmed score too high by", float(np.mean(confirmed)), -0.1, 0.1, "points")


def null_factors(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A random search of 60 runs: two factors of 1.5 points each, one of them conditional, and four without effect.

    An error: a factor without effect stands in the ranking above one that has an effect, or the latter is not in it.
    A twentieth of the repetitions: each is hundreds of forests.
    """
    real = ("pooling", "adapter")
    claimed = wrong = 0
    for number in range(max(1, repetitions // 20)):
        found = importances(*_searched(rng, 60), resamples=20, seed=number)
        claimed += bool(found.ranking)
        reals = [found.ranking.index(name) if name in found.ranking else len(found.ranking) for name in real]
        nulls = [i for i, name in enumerate(found.ranking) if name not in real]
        wrong += bool(nulls) and min(nulls) < max(reals)
    name = f"null above real: {claimed} of {repetitions // 20} claim a ranking"
    yield Figure(name, 100 * wrong / max(claimed, 1), 0, 5, "%")


def _searched(rng: np.random.Generator, runs: int) -> tuple[list[dict[str, str]], Array]:
    choices, scores = [], np.empty(runs)
    for i in range(runs):
        chosen = {name: str(rng.choice(["1", "2", "3"])) for name in ("pooling", "sampler", "head", "schedule", "loss")}
        chosen["adapter"] = str(rng.choice(["none", "lora"]))
        if chosen["adapter"] == "lora":
            chosen["adapter.lora.rank"] = str(rng.choice(["4", "8"]))
        gain = (chosen["pooling"] == "1") + (chosen.get("adapter.lora.rank") == "8")
        choices.append(chosen)
        scores[i] = 0.7 + 1.5 * POINT * gain + rng.normal(0, SEED_DEVIATION)
    return choices, scores


def speed(rng: np.random.Generator, repetitions: int) -> Iterator[Figure]:
    """A table of 30 rows, 5 seeds, 3 tasks of 3,000 dev examples, 2,000 resamples."""
    best = [rng.integers(0, 2, (5, 3000)).astype(float) for _ in range(3)]
    rows = [[rng.integers(0, 2, (5, 3000)).astype(float) for _ in range(3)] for _ in range(30)]
    started = time.perf_counter()
    for row in rows:
        paired_score_bootstrap(list(zip(row, best, strict=True)))
    yield Figure("speed: bootstrap of a 30-row table", time.perf_counter() - started, 0, 10, "s")


PARTS: tuple[Callable[[np.random.Generator, int], Iterator[Figure]], ...] = (
    speed,
    winners_curse,
    power,
    coverage_of_accuracies,
    coverage_of_correlations,
    coverage_of_scores,
    family_wise_error,
    chosen_reference,
    sequential_error,
    moderated_error,
    equivalence_error,
    null_factors,
)


def measured(number: int, repetitions: int) -> list[Figure]:
    """The figures of one part; each part has a random stream of its own."""
    return list(PARTS[number](np.random.default_rng([2026, number]), repetitions))


def main() -> int:
    """Print every figure with its target; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes of one thread each")
    parser.add_argument("--only", default="", help="parts whose name matches this")
    given = parser.parse_args()
    missed, started = 0, time.perf_counter()
    wanted = [number for number, part in enumerate(PARTS) if re.search(given.only, part.__name__)]
    with ProcessPoolExecutor(given.workers) as pool:
        for figures in pool.map(partial(measured, repetitions=given.repetitions), wanted):
            missed += sum(not figure.holds for figure in figures)
            print(*figures, sep="\n", flush=True)
    print(f"{given.repetitions} repetitions, {(time.perf_counter() - started) / 60:.1f} min, {missed} figures missed")
    return 1 if missed else 0
