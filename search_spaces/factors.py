"""Every factor there is, each written once, so that it means the same in every space.

Levels are the components that exist; a new component is one more level here. The baselines together are the
plain multitask fine-tuning that all five reports start from. Learning rates, dropouts and batch sizes keep
the reports' values among their levels.
"""

from __future__ import annotations

from search_spaces.adapter_factors import ADAPTER as ADAPTER
from search_spaces.adapter_factors import ADAPTER_CONSTRAINTS as ADAPTER_CONSTRAINTS
from search_spaces.batch_factors import ACCUMULATION as ACCUMULATION
from search_spaces.batch_factors import BATCH_SIZE as BATCH_SIZE
from search_spaces.batch_factors import QUORA_BATCH_SIZE as QUORA_BATCH_SIZE
from search_spaces.batch_factors import QUORA_EXAMPLES as QUORA_EXAMPLES
from search_spaces.encoder_factors import ATTENTION_DROPOUT as ATTENTION_DROPOUT
from search_spaces.encoder_factors import ENCODER as ENCODER
from search_spaces.encoder_factors import ENCODER_CONSTRAINTS as ENCODER_CONSTRAINTS
from search_spaces.encoder_factors import ENCODER_SHARING as ENCODER_SHARING
from search_spaces.encoder_factors import FIRST_NEEDS_SHARING as FIRST_NEEDS_SHARING
from search_spaces.encoder_factors import HIDDEN_DROPOUT as HIDDEN_DROPOUT
from search_spaces.grammar import Factor, Level, Range
from search_spaces.stage_factors import FINE_TUNE_FIRST as FINE_TUNE_FIRST
from search_spaces.stage_factors import MLM as MLM
from search_spaces.stage_factors import SIMCSE_SUPERVISED as SIMCSE_SUPERVISED
from search_spaces.stage_factors import SIMCSE_UNSUPERVISED as SIMCSE_UNSUPERVISED
from search_spaces.stage_factors import SINGLE_TASK as SINGLE_TASK
from search_spaces.stage_factors import SMART as SMART
from search_spaces.training_factors import BALANCER as BALANCER
from search_spaces.training_factors import CLIP_NORM as CLIP_NORM
from search_spaces.training_factors import EARLY_STOPPING as EARLY_STOPPING
from search_spaces.training_factors import HEAD_LEARNING_RATE as HEAD_LEARNING_RATE
from search_spaces.training_factors import SAMPLER as SAMPLER
from search_spaces.training_factors import SURGERY as SURGERY
from search_spaces.training_factors import TRAINING_CONSTRAINTS as TRAINING_CONSTRAINTS

POOLING = Factor(
    "pooling",
    "scientific",
    "cls",
    (
        Level("cls", {"pooling.name": "cls"}),
        Level("cls_pooler", {"pooling.name": "cls_pooler"}, note="starts from the checkpoint's pooler if it has one"),
        Level("mean", {"pooling.name": "mean"}),
        Level("max", {"pooling.name": "max"}),
        Level("attention", {"pooling.name": "attention"}, note="starts as mean"),
    ),
    about="How the states of the tokens become one vector a sentence.",
)

SST_HEAD = Factor(
    "sst_head",
    "scientific",
    "linear",
    (
        Level("linear", {"tasks.sst.head.name": "linear"}),
        Level("dense", {"tasks.sst.head.name": "dense"}),
        Level("dense2", {"tasks.sst.head.name": "dense2"}),
    ),
    about="From the sentence vector to five classes of sentiment.",
)


def _pair_head(task: str, about: str) -> Factor:
    """The head of a task whose examples are pairs."""

    def level(name: str, note: str = "") -> Level:
        return Level(name, {f"tasks.{task}.head.name": name}, note=note)

    return Factor(
        f"{task}_head",
        "scientific",
        "concat",
        (
            level("concat"),
            level("concat_absdiff"),
            level("concat_dense"),
            level("concat_absdiff_dense"),
            level("product"),
            level("difference", note="signed: cannot be symmetric"),
            level("cosine"),
            level("cosine_mlp"),
        ),
        about=about,
    )


QUORA_HEAD = _pair_head("quora", "From two sentence vectors to one logit: a paraphrase or not.")
STS_HEAD = _pair_head("sts", "From two sentence vectors to a similarity from 0 to 5.")

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
                    (
                        Level("1", {"multitask.trainable.layers": 1}),
                        Level("2", {"multitask.trainable.layers": 2}),
                    ),
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
                    (
                        Level("0.001", {"multitask.optimizer.weight_decay": 0.001}),  # Thapa & Khurana
                        Level("0.01", {"multitask.optimizer.weight_decay": 0.01}),
                        Level("0.1", {"multitask.optimizer.weight_decay": 0.1}),  # RoBERTa, Liu et al. 2019, Table 9
                    ),
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
                    (
                        Level(
                            "0.06", {"multitask.optimizer.warmup_fraction": 0.06}
                        ),  # RoBERTa, Liu et al. 2019, Table 10
                        Level("0.1", {"multitask.optimizer.warmup_fraction": 0.1}),  # BERT's run_classifier.py
                    ),
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

HEAD_DROPOUT = Factor(
    "head_dropout",
    "scientific",
    "0.1",  # the baseline of Hurtado & Teaw
    (
        Level("0.1", {"head_dropout": 0.1}),
        Level("0.3", {"head_dropout": 0.3}),
        Level("0.5", {"head_dropout": 0.5}),
    ),
    about="Dropout before each head; Kumar's Table 3.",
)
