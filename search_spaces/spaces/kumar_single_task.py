"""Kumar (001), Tables 2 to 6 and 8: one model per task; dropout, learning rate, epochs, frozen layers, optimizer.

Each table varies one setting around one base configuration (dropout 0.5, learning rate 1e-5, all layers, 10 epochs),
which appears in four of them under four labels: one cell here, run once. A row is three models, one per task, that
share no encoder (`encoder_sharing=separate`), so each learns what it would alone and keeps its own best epoch
(`best_epoch=each_task`).

Scaled down: the backbone (BERT-base in the report), the data, and the epochs, whose ratios are kept: 10, 20 and 30 are
`1x`, `2x` and `3x` of the budget's. Quora is cut to the size of SST (8,544), drawn again each epoch.

Guessed, because the report does not state it: cls pooling, a batch size of 8 (64 is stated for the LSTM only), Adam
with a constant rate unless a table says otherwise, AdamW with PyTorch's weight decay of 0.01, one cosine from the
first step to the last, no clipping; PreTrain's rate, 1e-5 like the others; dropout 0.1 inside the encoder, in frozen
layers too, as in the course's starter code (`frozen_dropout`); the sizes of the LSTM, which reads the backbone's
tokens and starts at random; each task keeps its best epoch on dev. The CosineAnnealing column equals lr=1e-5 digit for
digit, so the report may contain no separate cosine run.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import BEST_EPOCH, EPOCHS, FROZEN_DROPOUT, KUMAR_ENCODER
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, steps, with_baseline

SPACE = Space(
    name="kumar_single_task",
    goal="Which settings matter when each task is fine-tuned alone?",
    design="grid",
    factors=(
        KUMAR_ENCODER,
        with_baseline(factors.HEAD_DROPOUT, "0.5"),
        steps(factors.LEARNING_RATE, "1e-5", "1e-4", "1e-6"),
        EPOCHS,
        with_baseline(factors.TRAINABLE, "all", keep=("all", "last_k", "heads")),
        with_baseline(factors.OPTIMIZER, "adam", inner={"adamw.weight_decay": "0.01"}),
        with_baseline(factors.SCHEDULE, "constant", keep=("constant", "cosine")),
        FROZEN_DROPOUT,
        fixed(factors.ENCODER_SHARING, "separate", "One model a task."),
        fixed(BEST_EPOCH, "each_task", "One model a task."),
        fixed(factors.QUORA_EXAMPLES, "8544", "As many as SST has, to save time."),
        fixed(factors.SAMPLER, "sequential", "One model a task, so the order means nothing."),
        fixed(factors.POOLING, "cls", "Not stated."),
        fixed(factors.QUORA_HEAD, "concat", "Two embeddings side by side, one linear layer."),
        fixed(factors.STS_HEAD, "concat", "Two embeddings side by side, one linear layer."),
    ),
    rows={
        "Performance": {"encoder": "bilstm"},
        "Dropout=0.1": {"head_dropout": "0.1"},
        "Dropout=0.3": {"head_dropout": "0.3"},
        "Dropout=0.5": {},
        "lr=1e-4": {"learning_rate": "1e-4"},
        "lr=1e-5": {},
        "lr=1e-6": {"learning_rate": "1e-6"},
        "epoch=10": {},
        "epoch=20": {"epochs": "2x"},
        "epoch=30": {"epochs": "3x"},
        "Fine Tune all": {},
        "Fine Tune last 2": {"trainable": "last_k", "trainable.last_k.layers": "2", "frozen_dropout": "on"},
        "Fine Tune only last": {"trainable": "last_k", "trainable.last_k.layers": "1", "frozen_dropout": "on"},
        "PreTrain": {"trainable": "heads", "frozen_dropout": "on"},
        "AdamW": {"optimizer": "adamw"},
        "CosineAnnealing": {"schedule": "cosine"},
    },
)
