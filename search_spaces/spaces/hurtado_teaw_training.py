"""Hurtado & Teaw (000), section 5.4: four training approaches over tasks of unequal size.

The report prints no scores: round robin "produced results the fastest" and was kept, and annealed sampling had lower
ones (section 4.1). So there is nothing to set beside ours, and no claim with a verdict.

Scaled down: the backbone (BERT-base there), the data, the epochs: one there for every approach, the budget's here.
Annealed sampling has 2400 steps an epoch there, here as many as there are batches; with one epoch its alpha is 1 all
along, so a study of it needs two or more.

Guessed: what "cycling over max-size" is. The report describes its round robin as going on to the end of the longest
task, shorter ones starting again, which is what cycling says: two labels, one configuration. The order of sequential
training, SST first. That Quora is the first 10,000 pairs as in Table 1, here 10,000 drawn anew each epoch. The rest as
in Table 1 (`hurtado_teaw_table1`): the cosine head, dropout 0.3, cls pooling, the encoder trained, Adam at 1e-5 without
weight decay and clipping, the best epoch on dev.
"""

from __future__ import annotations

from search_spaces.factors import HEAD_DROPOUT, POOLING, QUORA_EXAMPLES, QUORA_HEAD, SAMPLER, STS_HEAD, TRAINABLE
from search_spaces.factors.reports import ADAM
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="hurtado_teaw_training",
    goal="Which order of batches suits tasks of unequal size?",
    design="grid",
    factors=(
        with_baseline(SAMPLER, "round_robin_longest", keep=("sequential", "round_robin_longest", "annealed")),
        fixed(STS_HEAD, "cosine", "Stated."),
        fixed(QUORA_HEAD, "concat", "Cosine on paraphrase was tried and found worse, without numbers."),
        fixed(QUORA_EXAMPLES, "10000", "The first 10,000 in Table 1."),
        fixed(POOLING, "cls", "Not stated."),
        fixed(HEAD_DROPOUT, "0.3", "Section 5.3's."),
        fixed(TRAINABLE, "all", "The report says the last linear layer; its scores are those of full tuning."),
    ),
    base=ADAM,
    rows={
        "Sequential": {"sampler": "sequential"},
        "Cycling over max-size": {},
        "Round robin": {},
        "Annealed sampling": {"sampler": "annealed"},
    },
)
