"""Factors of the stages before and after `multitask`, and of the regularizer.

A stage's epochs are multiples of the budget's epochs, its numbers of sentences multiples of the training examples that
the budget allows: Hurtado & Teaw use 25,000 sentences with 24,584 examples.
"""

from __future__ import annotations

from search_spaces.grammar import Factor, Level, levels_of, off_on

_MLM_SCALE = {"mlm.epochs": 1, "mlm.max_sentences": 1}  # Sankhe et al., Table 2: as many epochs in each stage

_MLM_HEAD = Factor(
    "head",
    "scientific",
    "tied",
    levels_of(
        *("mlm.head", "tied", "untied"),
        notes={"tied": "BERT's, the checkpoint's own where it has one", "untied": "as Sankhe et al. write it"},
    ),
    about="Whether masked tokens are predicted by the word embeddings or by a matrix of the stage's own.",
)

MLM = Factor(
    "mlm",
    "scientific",
    "none",
    (
        Level("none"),
        Level(
            "in_domain",
            {"mlm.corpora": "in_domain"},
            note="Rotten Tomatoes, PAWS, SICK",
            scale=_MLM_SCALE,
            factors=(_MLM_HEAD,),
        ),
        Level(
            "in_domain+tasks",
            {"mlm.corpora": "in_domain+tasks"},
            note="and the training sentences of the tasks",
            scale=_MLM_SCALE,
            factors=(_MLM_HEAD,),
        ),
        # One domain alone: of SST's reviews, of Quora's paraphrases, of STS's captions.
        Level("rotten_tomatoes", {"mlm.corpora": "rotten_tomatoes"}, scale=_MLM_SCALE),
        Level("paws", {"mlm.corpora": "paws"}, scale=_MLM_SCALE),
        Level("sick", {"mlm.corpora": "sick"}, scale=_MLM_SCALE),
    ),
    about="Masked language modelling before everything else, and on whose sentences.",
)


def _projection(stage: str) -> Factor:
    return Factor(
        "projection",
        "scientific",
        "off",
        off_on(f"{stage}.projection", on="as Gao et al. have it with cls"),
        about="Whether a tanh layer follows the sentence vectors during the stage.",
    )


SIMCSE_CORPUS = Factor(
    "corpus",
    "nuisance",
    "tasks",
    (
        Level("tasks", {"simcse_unsupervised.corpus": "tasks"}, note="the training sentences of the tasks"),
        Level("wikipedia", {"simcse_unsupervised.corpus": "wikipedia"}, note="as in the reports"),
    ),
    about="Whose sentences the stage reads.",
)

SIMCSE_UNSUPERVISED = Factor(
    "simcse_unsupervised",
    "scientific",
    "none",
    (
        Level("none"),
        Level(
            "on",
            scale={"simcse_unsupervised.sentences": 1},
            factors=(SIMCSE_CORPUS, _projection("simcse_unsupervised")),
        ),
    ),
    about="Contrastive learning of each sentence against itself under another dropout mask.",
)

SIMCSE_SUPERVISED = Factor(
    "simcse_supervised",
    "scientific",
    "none",
    (
        Level("none"),
        Level(
            "on",
            {"simcse_supervised.alpha": 1.0},
            scale={"simcse_supervised.triplets": 1},
            factors=(_projection("simcse_supervised"),),
        ),
    ),
    about="Contrastive learning of premise, entailment and contradiction.",
)

FINE_TUNE_FIRST = Factor(
    "fine_tune_first",
    "scientific",
    "none",
    (
        Level("none"),
        Level("quora", {"fine_tune_first.task": "quora"}, scale={"fine_tune_first.epochs": 1}),
    ),
    about="One task alone before all together.",
)

SINGLE_TASK = Factor(
    "single_task",
    "scientific",
    "none",
    (
        Level("none"),
        Level(
            "on",
            {"single_task.learning_rate": 1e-3},  # Sankhe et al., Table 2, read as the rate of the frozen encoder
            scale={"single_task.epochs": 1},
        ),
    ),
    about="Each head trained alone after all together, the encoder frozen.",
)

SMART = Factor(
    "smart",
    "scientific",
    "none",
    (
        Level("none"),
        Level(
            "on",
            {"multitask.regularizer.name": "smart"},
            factors=(
                Factor(
                    "perturbation",
                    "scientific",
                    "gradient",
                    (
                        Level("gradient", {"multitask.regularizer.perturbation": "gradient"}, note="SMART by its name"),
                        Level(
                            "random_noise",
                            {
                                "multitask.regularizer.perturbation": "random_noise",
                                "multitask.regularizer.same_dropout": False,
                            },
                            note="smart-pytorch, which Thapa & Khurana adapted; each pass has its own dropout",
                        ),
                        Level(
                            "ball",
                            {"multitask.regularizer.perturbation": "ball"},
                            note="the paper's radius of 1e-5",
                            idle="nothing changes under so small a move: the penalty is practically zero",
                        ),
                    ),
                    about="How word embeddings are moved.",
                ),
                Factor(
                    "bregman",
                    "scientific",
                    "off",
                    off_on("multitask.regularizer.bregman"),
                    about="Whether outputs are also held near those of a slowly following copy of the model.",
                ),
            ),
        ),
    ),
    about="The penalty on outputs that change when word embeddings change a little.",
)
