"""Factors of the encoder: its architecture, whether tasks share it, its dropout rates.

`ENCODER_CONSTRAINTS` lists levels that cannot be combined with others; `mtbert.config.rules` refuses the same.
"""

from __future__ import annotations

from search_spaces.factors.adapters import ADAPTER
from search_spaces.factors.training import CONSTANT_WEIGHTS
from search_spaces.grammar import Constraint, Factor, Level, levels_of

ENCODER = Factor(
    "encoder",
    "scientific",
    "bert",
    (
        Level("bert", note="the study's backbone"),
        Level("bilstm", {"backbone": "bilstm"}, note="two bidirectional layers from random, on the backbone's tokens"),
    ),
    about="What reads the tokens.",
)

ENCODER_SHARING = Factor(
    "encoder_sharing",
    "scientific",
    "shared",
    (
        Level("shared", {"encoder.shared": True}, note="one model for all tasks"),
        Level("separate", {"encoder.shared": False}, note="single-task fine-tuning: one model a task"),
    ),
    about="Whether the tasks share one encoder, or each trains a separate one.",
)

HIDDEN_DROPOUT = Factor(
    "hidden_dropout",
    "nuisance",
    "0.1",  # BERT, Devlin et al. 2019, A.2
    levels_of("encoder.hidden_dropout", 0.0, 0.1),
    about="Dropout inside the encoder.",
)

ATTENTION_DROPOUT = Factor(
    "attention_dropout",
    "nuisance",
    "0.1",  # BERT's published configuration (attention_probs_dropout_prob)
    levels_of("encoder.attention_dropout", 0.0, 0.1),
    about="Dropout on attention weights.",
)

FIRST_NEEDS_SHARING = Constraint(
    {"fine_tune_first": ("quora",)},
    {"encoder_sharing": ("separate",)},
    "What one task learns first reaches the others through the encoder they share, and there is none.",
)

_SEPARATE = {"encoder_sharing": ("separate",)}
_NOTHING_SHARED = "deals with parameters that tasks share, and there are none."

# The encoder's levels are the forbidden side: a search that proposes a forbidden combination keeps the technique and
# falls back to the shared BERT, the subject of most comparisons.
ENCODER_CONSTRAINTS = (
    Constraint(
        {"adapter": tuple(name for name in ADAPTER.level_names() if name != "none")},
        {"encoder": ("bilstm",)},
        "Adapters are parts of a BERT's layers, which a BiLSTM does not have.",
    ),
    Constraint({"attention_dropout": ("0",)}, {"encoder": ("bilstm",)}, "A BiLSTM has no attention."),
    Constraint(
        {"pooling": ("cls_pooler", "attention")},
        _SEPARATE,
        "One model a task shares nothing, and such a pooling has weights that all tasks would train.",
    ),
    FIRST_NEEDS_SHARING,
    Constraint({"sampler": ("hybrid",)}, _SEPARATE, f"hybrid {_NOTHING_SHARED}"),
    Constraint({"balancer": ("gradnorm",)}, _SEPARATE, f"gradnorm {_NOTHING_SHARED}"),
    Constraint({"balancer": ("fixed",)}, _SEPARATE, f"{CONSTANT_WEIGHTS}, and no parameter is shared."),
    Constraint({"surgery": ("pcgrad",)}, _SEPARATE, f"pcgrad {_NOTHING_SHARED}"),
)
