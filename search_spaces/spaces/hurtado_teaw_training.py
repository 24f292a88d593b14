"""Hurtado & Teaw (000), section 5.4: four orders of training on tasks of unequal size.

The report prints no scores: round robin "produced results the fastest" and was kept, and annealed sampling scored
lower (section 4.1). So there are no numbers to compare with, and no claim to judge.

Scaled down: the backbone (BERT-base in the report), the data, and the epochs: one for every order in the report, the
budget's here. Annealed sampling takes 2400 steps per epoch in the report, here as many as there are batches. With one
epoch its alpha stays 1, so study it with two or more.

Guessed: "cycling over max-size". The report describes its round robin as continuing to the end of the largest task
while smaller ones start again, which is the same: two labels, one configuration. Sequential training begins with SST.
Quora is cut to 10,000 pairs as in Table 1, drawn again each epoch. The rest is as in Table 1 (`hurtado_teaw_table1`):
the cosine head, dropout 0.3, cls pooling, a trained encoder, Adam at 1e-5 without weight decay and clipping, the best
epoch on dev.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import ADAM
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="hurtado_teaw_training",
    goal="Which order of batches suits tasks of unequal size?",
    design="grid",
    factors=(
        with_baseline(factors.SAMPLER, "round_robin_longest", keep=("sequential", "round_robin_longest", "annealed")),
        fixed(factors.STS_HEAD, "cosine", "Stated."),
        fixed(factors.QUORA_HEAD, "concat", "Cosine on paraphrase was tried and found worse, without numbers."),
        fixed(factors.QUORA_EXAMPLES, "10000", "The first 10,000 in Table 1."),
        fixed(factors.POOLING, "cls", "Not stated."),
        fixed(factors.HEAD_DROPOUT, "0.3", "Section 5.3's."),
        fixed(factors.TRAINABLE, "all", "The report says the last linear layer; its scores are those of full tuning."),
    ),
    base=ADAM,
    rows={
        "Sequential": {"sampler": "sequential"},
        "Cycling over max-size": {},
        "Round robin": {},
        "Annealed sampling": {"sampler": "annealed"},
    },
)
