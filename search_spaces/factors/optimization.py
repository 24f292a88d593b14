"""Factors of the optimizer: trained parameters, weight decay, schedule, learning rate."""

from __future__ import annotations

from search_spaces.grammar import Factor, Level, Range, levels_of

TRAINABLE = Factor(
    "trainable",
    "scientific",
    "all",
    (
        Level("all", {"multitask.trainable.name": "all"}),
        Level(
            "adapters_and_heads",
            {"multitask.trainable.name": "adapters_and_heads"},
            note="the encoder stays as it was pretrained",
        ),
        Level(
            "last_k",
            {"multitask.trainable.name": "last_k"},
            factors=(
                Factor(
                    "layers",
                    "scientific",
                    "2",  # Kumar, Table 6: two layers do as well as all of them
                    levels_of("multitask.trainable.layers", 1, 2),
                    about="How many of the encoder's last layers are trained.",
                ),
            ),
        ),
        Level("heads", {"multitask.trainable.name": "heads"}, note="the encoder stays as it was pretrained"),
    ),
    about="Which parameters are trained.",
)

OPTIMIZER = Factor(
    "optimizer",
    "scientific",
    "adam",  # the course's starter code: AdamW with weight decay 0, which is Adam
    (
        Level(
            "adam",
            {"multitask.optimizer.name": "adam"},
            note="AdamW with weight decay 0 is the same training",
        ),
        Level(
            "adamw",
            {"multitask.optimizer.name": "adamw"},
            factors=(
                Factor(
                    "weight_decay",
                    "nuisance",
                    "0.01",  # BERT, Devlin et al. 2019, A.2
                    # 0.001: Thapa & Khurana; 0.1: RoBERTa, Liu et al. 2019, Table 9
                    levels_of("multitask.optimizer.weight_decay", 0.001, 0.01, 0.1),
                    about="Decoupled weight decay; not on biases, layer norms and embeddings.",
                ),
            ),
        ),
    ),
    about="How gradients become steps.",
)

SCHEDULE = Factor(
    "schedule",
    "scientific",
    "constant",
    (
        Level("constant", {"multitask.optimizer.schedule": "constant"}),
        Level("cosine", {"multitask.optimizer.schedule": "cosine"}),
        Level(
            "linear_warmup",
            {"multitask.optimizer.schedule": "linear_warmup"},
            factors=(
                Factor(
                    "warmup_fraction",
                    "nuisance",
                    "0.1",
                    # RoBERTa, Liu et al. 2019, Table 10; BERT's run_classifier.py
                    levels_of("multitask.optimizer.warmup_fraction", 0.06, 0.1),
                    about="The part of all steps in which the learning rate rises.",
                ),
            ),
        ),
    ),
    about="How the learning rate moves during training.",
)

LEARNING_RATE = Factor(
    "learning_rate",
    "nuisance",
    3e-5,  # the middle of BERT's own three, 2e-5, 3e-5, 5e-5 (Devlin et al. 2019, A.3)
    # From Kumar's smallest, where nothing learns, to Sankhe et al.'s for a frozen encoder.
    range=Range("multitask.optimizer.learning_rate", 1e-6, 1e-3, log=True),
    about="The largest learning rate; right values differ between the other choices.",
)
