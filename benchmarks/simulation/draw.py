"""One study of a world: its runs' predictions and scores, the best that it chooses, and what is true."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .tasks import DROP, LEVEL, AbstractTask, Classification, Examples, Float, Regression, Runs, variances
from .worlds import POINT, World

KINDS = {kind.metric: kind for kind in (Classification, Regression)}
NOISY = 5.0  # deviation of a noisy row, in those of the others
BEHIND = 20.0  # points by which the baseline is worse


@dataclass(frozen=True, eq=False)
class DrawnStudy:
    """The runs of the candidates, the baseline and the rows, in this order.

    `predictions` and `labels` per task: (configurations, seeds, examples) and (examples,). `metrics`: (tasks,
    configurations, seeds). `true`: the expected score of each configuration over new seeds and new examples.
    """

    predictions: Sequence[Float]
    labels: Sequence[Float]
    metrics: Float
    true: Float
    best: int

    @functools.cached_property
    def scores(self) -> Float:
        """The scores of all runs: (configurations, seeds)."""
        return np.asarray(self.metrics.mean(axis=0))


def draw(world: World, rng: np.random.Generator) -> DrawnStudy:
    """Draw one study."""
    tasks = _tasks(world, _factors(world))
    examples = [task.examples(rng) for task in tasks]
    true = np.full(len(_factors(world)), LEVEL)
    true[: world.candidates], examples = _candidates(world, rng, examples)
    true[world.candidates] = true[: world.candidates].mean() - BEHIND * POINT
    runs = [task.runs(rng, each, world.most_seeds) for task, each in zip(tasks, examples, strict=True)]
    collapsed = rng.random((len(true), world.most_seeds)) < world.collapsed
    best = _best(world, tasks, runs, true[:, None] - DROP * collapsed)
    changed = np.array([*world.effects, *(0.0,) * world.identical]) * POINT
    true[world.candidates + 1 :] = true[best] + changed
    predictions = _predictions(tasks, runs, true[:, None] - DROP * collapsed)
    for each in predictions:
        each[len(true) - world.identical :] = each[best]
    labels = [each.labels for each in examples]
    metrics = [task.scores(*pair) for task, *pair in zip(tasks, predictions, labels, strict=True)]
    return DrawnStudy(predictions, labels, np.array(metrics), true - DROP * world.collapsed, best)


def _factors(world: World) -> Float:
    """Return the deviation of each configuration's own noise."""
    rows = np.full(world.rows, world.row_noise)
    rows[len(world.effects) - world.noisy_rows : len(world.effects)] = NOISY
    return np.concatenate([np.full(world.candidates, world.reference_noise), [1.0], rows])


def _tasks(world: World, factors: Float) -> list[AbstractTask]:
    of = variances(world.pairing, world.own_examples, world.dev)
    return [KINDS[metric](of, factors, world.dev) for metric in world.tasks]


def _candidates(
    world: World, rng: np.random.Generator, examples: Sequence[Examples]
) -> tuple[Float, Sequence[Examples]]:
    """Return the true scores of the confirmed candidates, and the examples with the effects on those found."""
    count = world.searched or world.candidates
    true = LEVEL + world.spread * POINT * rng.standard_normal(count)
    if not world.searched:
        return true, examples
    finders = _tasks(world, np.full(count, world.reference_noise))
    seen = [task.examples(rng) for task in finders]
    if world.same_examples:
        seen = [Examples(e.labels, e.shared, s.own) for e, s in zip(examples, seen, strict=True)]
    runs = [task.runs(rng, each, 1) for task, each in zip(finders, seen, strict=True)]
    predictions = _predictions(finders, runs, true[:, None])
    found = [task.scores(p, s.labels) for task, p, s in zip(finders, predictions, seen, strict=True)]
    top = np.argsort(-np.mean(found, axis=0)[:, 0])[: world.candidates]
    if not world.same_examples:
        return true[top], examples
    own = [np.concatenate([s.own[top], e.own[world.candidates :]]) for e, s in zip(examples, seen, strict=True)]
    return true[top], [each._replace(own=effects) for each, effects in zip(examples, own, strict=True)]


def _best(world: World, tasks: Sequence[AbstractTask], runs: Sequence[Runs], targets: Float) -> int:
    """Return the candidate of the highest mean score over the seeds of the phase confirm."""
    first = [Runs(r.seeds[: world.candidates], r.noise[: world.candidates], r.labels) for r in runs]
    located = [task.location(targets)[: world.candidates] for task in tasks]
    predicted = [task.predictions(*pair) for task, *pair in zip(tasks, first, located, strict=True)]
    scores = np.mean([t.scores(p, r.labels) for t, p, r in zip(tasks, predicted, runs, strict=True)], axis=0)
    return int(scores[:, : world.seeds].mean(axis=1).argmax())


def _predictions(tasks: Sequence[AbstractTask], runs: Sequence[Runs], targets: Float) -> list[Float]:
    return [task.predictions(each, task.location(targets)) for task, each in zip(tasks, runs, strict=True)]
