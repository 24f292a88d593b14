"""Factors of multitask training: task order, balancing of losses and gradients, the heads' learning rate.

`TRAINING_CONSTRAINTS` lists levels that cannot be combined; `mtbert.config.rules` refuses the same.
"""

from __future__ import annotations

from search_spaces.grammar import Constraint, Factor, Level, Range

# Random samplers take one step per batch, not Stickland & Murray's 2400 per epoch: an epoch costs about the same with
# every sampler, and a small budget stays small.
_STEP_PER_BATCH = {"multitask.sampler.steps": None}

SAMPLER = Factor(
    "sampler",
    "scientific",
    "round_robin_shortest",
    (
        Level("sequential", {"multitask.sampler.name": "sequential"}),
        Level("round_robin_shortest", {"multitask.sampler.name": "round_robin_shortest"}),
        Level("round_robin_longest", {"multitask.sampler.name": "round_robin_longest"}),
        Level("joint", {"multitask.sampler.name": "joint"}),
        Level("annealed", {"multitask.sampler.name": "annealed", **_STEP_PER_BATCH}),
        Level("proportional", {"multitask.sampler.name": "proportional", **_STEP_PER_BATCH}),
        Level("square_root", {"multitask.sampler.name": "square_root", **_STEP_PER_BATCH}),
        Level("uniform", {"multitask.sampler.name": "uniform", **_STEP_PER_BATCH}),
        Level(
            "hybrid",
            {"multitask.sampler.name": "hybrid"},
            note="odd epochs train each task's own parameters, even ones all: better with an even number of epochs",
        ),
    ),
    about="Which task's batch comes next.",
)

# Inverse loss at chance level, with mean 1: ln 5 for five classes, ln 2 for two, 2.2 is the variance of STS's labels.
_BY_CHANCE = {"sst": 0.74, "quora": 1.72, "sts": 0.54}

BALANCER = Factor(
    "balancer",
    "scientific",
    "sum",
    (
        Level("sum", {"multitask.balancer.name": "sum"}),
        Level(
            "fixed",
            {"multitask.balancer.name": "fixed", "multitask.balancer.weights": _BY_CHANCE},
            note="weights that make all losses equal where a model guesses",
        ),
        Level("squared", {"multitask.balancer.name": "squared"}),
        Level("dwa", {"multitask.balancer.name": "dwa"}, note="all weights are 1 in the first two epochs"),
        Level("uncertainty", {"multitask.balancer.name": "uncertainty"}),
        Level("gradnorm", {"multitask.balancer.name": "gradnorm"}),
        Level("score_adaptive", {"multitask.balancer.name": "score_adaptive"}, note="reads the scores on dev"),
        Level("learned", {"multitask.balancer.name": "learned"}),
    ),
    about="How much the loss of each task counts.",
)

SURGERY = Factor(
    "surgery",
    "scientific",
    "none",
    (Level("none", {"multitask.surgery": "none"}), Level("pcgrad", {"multitask.surgery": "pcgrad"})),
    about="What is done where the gradients of two tasks conflict.",
)

HEAD_LEARNING_RATE = Factor(
    "head_learning_rate",
    "scientific",
    "same",
    (
        Level("same", {"multitask.optimizer.head_learning_rate": None}),
        Level(
            "own",
            factors=(
                Factor(
                    "rate",
                    "nuisance",
                    1e-3,  # Sankhe et al. while the encoder is frozen
                    range=Range("multitask.optimizer.head_learning_rate", 1e-5, 1e-2, log=True),
                    about="The largest learning rate of the heads.",
                ),
            ),
        ),
    ),
    about="Whether the heads, which start untrained, have their own learning rate.",
)

_ENDS_SOONER = "training ends sooner, and until then it is the same; the epoch that is kept may be the same as well"

EARLY_STOPPING = Factor(
    "early_stopping",
    "scientific",
    "none",
    (
        Level("none", {"multitask.patience": None}),
        Level("1", {"multitask.patience": 1}, idle=_ENDS_SOONER),
        Level("2", {"multitask.patience": 2}, idle=_ENDS_SOONER),
    ),
    about="After how many epochs without a better dev score training ends; the best epoch is kept in any case.",
)

CLIP_NORM = Factor(
    "clip_norm",
    "scientific",
    "none",  # no report states any
    (
        Level("none", {"multitask.optimizer.clip_norm": None}),
        Level("1", {"multitask.optimizer.clip_norm": 1.0}, note="BERT's published code; before a balancer's weights"),
    ),
    about="The norm to which the gradient of a step is clipped.",
)

_ONE_TASK_A_STEP = tuple(level.name for level in SAMPLER.levels if level.name not in ("joint", "hybrid"))
_NOTHING_SHARED = {"trainable": ("heads", "adapters_and_heads")}
WITHOUT_WEIGHTS = ("cls", "mean", "max")  # poolings without trainable parameters
CONSTANT_WEIGHTS = "Adam divides out what multiplies all gradients of a parameter"

TRAINING_CONSTRAINTS = (
    Constraint(
        {"balancer": ("gradnorm",)},
        {"sampler": _ONE_TASK_A_STEP},
        "gradnorm needs the losses of all tasks in a step, and such a sampler gives one.",
    ),
    Constraint(
        {"surgery": ("pcgrad",)},
        {"sampler": _ONE_TASK_A_STEP},
        "pcgrad needs the gradients of all tasks in a step, and such a sampler gives one.",
    ),
    Constraint(
        {"balancer": ("gradnorm",)},
        _NOTHING_SHARED,
        "gradnorm compares the tasks' gradients of shared parameters, and none is trained.",
    ),
    Constraint(
        {"trainable": _NOTHING_SHARED["trainable"], "pooling": WITHOUT_WEIGHTS},
        {"balancer": ("fixed",)},
        f"{CONSTANT_WEIGHTS}, and no shared parameter is trained.",
    ),
    Constraint(
        {"surgery": ("pcgrad",)},
        _NOTHING_SHARED,
        "pcgrad operates on the tasks' gradients of shared parameters, and none is trained.",
    ),
    Constraint(
        {"sampler": ("hybrid",)},
        _NOTHING_SHARED,
        "hybrid trains the shared parameters every other epoch, and none is trained.",
    ),
)
