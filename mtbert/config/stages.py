"""The parts of a configuration for the stages around `multitask`: pretraining before it, single tasks before or after.

Each part is None where its stage is skipped. **Never change a default here without raising `CONFIG_VERSION`**
(`run_config.py`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mtbert.config.parts import Fraction, OptimizerConfig, Part

# Other data sets in the domain of the tasks (report 004's); "in_domain" is all of them that the data has.
DOMAINS = ("rotten_tomatoes", "paws", "sick")
NAMED_CORPORA = ("in_domain", *DOMAINS, "tasks", "wikipedia")

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


def corpora_of(text: str) -> tuple[str, ...]:
    """Return the corpora that a sum such as "in_domain+tasks" names.

    A corpus is one of `NAMED_CORPORA` or a text file, one sentence per line, whose name ends in .txt.

    Raises:
        ValueError: a name is no corpus, or a corpus is named twice.
    """
    names = tuple(part.strip() for part in text.split("+"))
    for name in names:
        if name not in NAMED_CORPORA and not name.endswith(".txt"):
            raise ValueError(
                f"a corpus is {', '.join(NAMED_CORPORA)}, a file that ends in .txt, or a sum of these with +; "
                f"got '{name}'"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"each corpus may be named once, got '{text}'")
    inside = [name for name in names if name in DOMAINS]
    if "in_domain" in names and inside:
        raise ValueError(f"in_domain includes {', '.join(inside)}, got '{text}'; name one or the other")
    return names


def _checked(text: str) -> str:
    corpora_of(text)
    return text


Corpora = Annotated[str, AfterValidator(_checked)]


class MlmConfig(Part):
    """Masked language modelling (Devlin et al. 2018) before everything else; defaults: Sankhe et al., Table 2.

    `corpora`: the sentences, "in_domain" or "in_domain+tasks" there. `probability`: that a token is to be predicted.
    `max_sentences`: the largest number per corpus. `dropout` is applied to the hidden states before the output layer.
    `head`: `tied` to the word embeddings, the checkpoint's own where it has one, or `untied`, a random matrix without
    bias (there, equation 7).
    """

    corpora: Corpora = "in_domain"
    epochs: Count = 10
    batch_size: Count = 8
    learning_rate: Rate = 1e-5
    probability: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.15
    max_sentences: Count | None = None
    dropout: Fraction = 0.1
    head: Literal["tied", "untied"] = "tied"


class SimcseUnsupervisedConfig(Part):
    """Each sentence against itself under another dropout mask (Gao et al. 2021); defaults: reports 000 and 003.

    `sentences`: the largest number per corpus. `dropout`: the encoder's dropouts during the stage; None: unchanged.
    `projection`: a tanh layer on the sentence vectors, in this stage only, as the authors have with cls.
    """

    corpus: Corpora = "tasks"
    sentences: Count = 25_000
    epochs: Count = 1
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Rate = 3e-5
    temperature: Positive = 0.05
    dropout: Fraction | None = 0.3
    projection: bool = False


class SimcseSupervisedConfig(Part):
    """Premise against entailment, with contradictions as hard negatives (Gao et al. 2021); defaults: report 003.

    `alpha`: weight of a premise's own contradiction. `triplets`: their largest number; None: all. The rest as in
    `SimcseUnsupervisedConfig`.
    """

    triplets: Count | None = None
    epochs: Count = 1
    batch_size: Annotated[int, Field(ge=2)] = 16
    learning_rate: Rate = 3e-5
    temperature: Positive = 0.05
    alpha: Positive = 1.0
    dropout: Fraction | None = 0.3
    projection: bool = False


class FineTuneFirstConfig(Part):
    """One task alone before all together; defaults: Thapa & Khurana's "pre-QQP", 10 epochs of 1000 batches.

    The whole encoder, which the tasks must share, and the task's own parts are trained. `batches`: the largest number
    per epoch, different ones in each; None: all. The epoch with the best dev score of the task is kept. `optimizer`
    None: that of `multitask`, its learning rates included.
    """

    task: str = "quora"
    epochs: Count = 10
    batches: Count | None = 1000
    batch_size: Count = 8
    optimizer: OptimizerConfig | None = None


class SingleTaskConfig(Part):
    """Each head trained alone on its task after `multitask`, everything else frozen; defaults: Sankhe et al., Table 2.

    Each head keeps the epoch with the best dev score of its task, or its initial state if no epoch is better. The
    optimizer is that of `multitask`, except for the rate, which is always `learning_rate`.
    """

    epochs: Count = 10
    batch_size: Count = 8
    learning_rate: Rate = 1e-3
