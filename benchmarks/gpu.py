"""A training step on a GPU: ours, with and without compiled layers, against transformers' trainer and a matrix product.

    python benchmarks/gpu.py [--turns 5] [--batch-size 32]

An encoder of BERT-base's shape with random weights, bfloat16, one sentence of 16 to 128 tokens an example, five
classes, AdamW, gradients clipped at 1; both on the same examples. Model FLOP utilisation: products with weights on real
tokens, forward and backward, over what one product of (8192, 768) by (768, 3072) reaches in the same run. What
compiling costs is the first epoch's time beyond that of the others; from how many steps it is repaid
(`mtbert.training.compilation.REPAYING_STEPS`) follows. torch keeps compiled kernels on disk: an empty
TORCHINDUCTOR_CACHE_DIR shows the first worker's cost, the same folder again that of all after it.
Without a CUDA device it says so and ends.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from mtbert import components
from mtbert.assembly import assemble
from mtbert.config import parse
from mtbert.config.parts import MultitaskConfig, OptimizerConfig, SamplerSpec
from mtbert.data.tokenize import Ragged, TokenizedSplit
from mtbert.encoder.bert import BertEncoder, BertShape
from mtbert.training.compilation import compile_layers
from mtbert.training.trainer import Trainer

SHAPE = BertShape(vocabulary_size=30522, width=768, layers=12, heads=12, inner_width=3072)
STEPS = 100  # of a turn
COMPILED = "ours, compiled"


def examples(count: int) -> TokenizedSplit:
    """Made-up sentences of token numbers."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(16, 129, count)
    offsets = np.concatenate([[0], lengths.cumsum()]).astype(np.int64)
    values = rng.integers(1000, SHAPE.vocabulary_size, offsets[-1]).astype(np.int32)
    labels = rng.integers(0, 5, count).astype(np.float32)
    return TokenizedSplit(tuple(map(str, range(count))), Ragged(values, offsets), None, labels)


def ours(split: TokenizedSplit, batch_size: int, *, compiled: bool = False) -> Callable[[], object]:
    """Our trainer; a call is one epoch."""
    config = parse({"tasks": {"sst": {"head": "linear"}}, "precision": "bfloat16"})
    encoder = BertEncoder(SHAPE)
    encoder.initialise(torch.Generator().manual_seed(0))
    model = assemble(config, encoder).to("cuda")
    if compiled:
        compile_layers(model)
    part = MultitaskConfig(
        batch_size=batch_size,
        sampler=SamplerSpec(name="sequential"),
        optimizer=OptimizerConfig(name="adamw", learning_rate=1e-5),
    )
    trainer = Trainer(model, part, {"sst": components.build("tasks", "sst", {})}, {"sst": split}, 0, 0, "multitask")
    return lambda: trainer.epoch(1)


def transformers_trainer(split: TokenizedSplit, batch_size: int) -> Callable[[], object]:
    """transformers' trainer on its own BERT; a call is one epoch."""
    import transformers

    config = transformers.BertConfig(num_labels=5)  # type: ignore[call-arg]  # of its bases, as keywords
    model = transformers.BertForSequenceClassification(config)
    rows = [{"input_ids": split.first[i].tolist(), "label": int(split.labels[i])} for i in range(len(split))]

    def collate(batch: list[dict[str, object]]) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(row["input_ids"]) for row in batch]
        padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
        labels = torch.tensor([row["label"] for row in batch])
        return {"input_ids": padded, "attention_mask": (padded != 0).long(), "labels": labels}

    arguments = transformers.TrainingArguments(
        output_dir="/tmp/benchmark-gpu", per_device_train_batch_size=batch_size, num_train_epochs=1, bf16=True,
        save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no", learning_rate=1e-5,
    )  # fmt: skip
    trainer = transformers.Trainer(model, arguments, data_collator=collate, train_dataset=rows)
    return trainer.train


def product() -> float:
    """FLOP/s of a matrix product in bfloat16, the median of ten times fifty."""
    left = torch.randn(8192, SHAPE.width, dtype=torch.bfloat16, device="cuda")
    right = torch.randn(SHAPE.width, SHAPE.inner_width, dtype=torch.bfloat16, device="cuda")
    times = [seconds(lambda: [left @ right for _ in range(50)]) for _ in range(10)]
    return 50 * 2.0 * left.numel() * SHAPE.inner_width / statistics.median(times)


def seconds(work: Callable[[], object]) -> float:
    """Of a piece of work, to the end of what the device has to do for it."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing was measured")
        return
    split = examples(STEPS * options.batch_size)
    peers = {
        "ours": ours(split, options.batch_size),
        COMPILED: ours(split, options.batch_size, compiled=True),
        "transformers": transformers_trainer(split, options.batch_size),
    }
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {name: [] for name in peers}
    for turn in range(options.turns + 1):
        for name, work in peers.items():
            taken = seconds(work)
            if turn:  # the first warms up, and compiles
                times[name].append(taken)
            else:
                first[name] = taken
    speed = {name: len(split) / statistics.median(taken) for name, taken in times.items()}
    weights = SHAPE.layers * (4 * SHAPE.width**2 + 2 * SHAPE.width * SHAPE.inner_width)
    tokens = float(split.first.lengths().mean())
    most = product()
    print(f"{torch.cuda.get_device_name()}, batch size {options.batch_size}, median of {options.turns} turns")
    for name, value in speed.items():
        print(f"{name:14} {value:8.0f} examples/s, {6 * weights * tokens * value / most:.0%} of a matrix product")
    usual = {name: statistics.median(taken) for name, taken in times.items()}
    cost, saved = first[COMPILED] - usual[COMPILED], (usual["ours"] - usual[COMPILED]) / STEPS
    repaid = f"repaid after {cost / saved:.0f} steps" if saved > 0 else "never repaid"
    print(f"compiling took {cost:.1f} s and saves {1000 * saved:.2f} ms a step: {repaid}")
    print(f"ours is {speed['ours'] / speed['transformers']:.2f} times as fast")


if __name__ == "__main__":
    main()
