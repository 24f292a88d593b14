"""Keys: a hash of everything that decides the result of a stage. Equal keys, equal bits.

    key(stage) = sha256(key of the stage before, its name, the parts of the configuration that it reads, the data that
                        it reads, its seeds)
    key of the first's parent = sha256(the backbone's weights, layers, device, threads, versions of torch and of this
                        package's code)

Parts of a configuration that a stage does not read are not in its key. `multitask` has a key for each of its epochs: if
neither schedule nor sampler depends on the total number of epochs, a run of 10 epochs is the beginning of one of 20.
Nothing here needs torch: a driver plans with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mtbert import components
from mtbert.atomic_files import sha256_of
from mtbert.config import RunConfig
from mtbert.config.stages import corpora_of
from mtbert.data.texts import TRIPLET_TEXTS
from mtbert.encoder.checkpoint_files import CONFIG, PICKLED, SAFETENSORS, weight_files
from mtbert.encoder.locate import FRESH, find_folder
from mtbert.stage_store.code_version import code_version

MULTITASK, SINGLE_TASK = "multitask", "single_task"


@dataclass(frozen=True)
class ChainKeys:
    """The keys of a run's stages: those `before` multitask with their names, in order; multitask's after each epoch.

    `start` names the model that multitask begins with: the backbone and the stages before it.
    `after` is the key of `single_task`, None if the run has none.
    """

    start: str
    before: tuple[tuple[str, str], ...]
    multitask: tuple[str, ...]
    after: str | None

    def all(self) -> tuple[str, ...]:
        """Return every key of the chain, first stage first."""
        return (*(key for _, key in self.before), *self.multitask, *((self.after,) if self.after else ()))


def root_key(backbone: str, *, device: str, threads: int) -> str:
    """Return the key that every run with this backbone on such a machine starts from.

    Of `device`, such as "cpu" or "cuda:1", only the kind counts; on a GPU the number of `threads` does not.

    Raises:
        BackboneError: the backbone has no files.
    """
    kind = device.split(":")[0]
    return _hash(backbone_identity(backbone), kind, threads if kind == "cpu" else 0, _torch_version(), code_version())


def chain_keys(config: RunConfig, root: str, data: Mapping[str, str]) -> ChainKeys:
    """Return the keys of a run. `root` is from `root_key`, `data` the hashes of what is read, `Prepared.hashes`.

    Raises:
        KeyError: data was not prepared.
    """
    early = config.early_seed
    fresh = early if config.backbone in FRESH else 0
    key = _hash(root, config.encoder.layers, fresh, config.precision, config.compiled)
    before = []
    for name, parts, sources in _before(config):
        key = _hash(key, name, parts, [data["tokenizer"], *(data[source] for source in sources)], early)
        before.append((name, key))
    seeds = [config.seed, early]
    stage = _hash(key, MULTITASK, _multitask(config), _splits(config.tasks, data), seeds)
    epochs = tuple(_hash(stage, epoch) for epoch in range(1, config.multitask.epochs + 1))
    after = None if config.single_task is None else _hash(epochs[-1], SINGLE_TASK, _plain(config.single_task))
    return ChainKeys(key, tuple(before), epochs, after)


def continues(config: RunConfig) -> bool:
    """Return whether an epoch of `multitask` is the same however many follow it."""
    sampler = components.load("samplers", config.multitask.sampler.name)
    constant = config.multitask.optimizer.schedule == "constant"
    return constant and not sampler.depends_on_total


def backbone_identity(backbone: str) -> str:
    """Return the hash of a backbone's files; the name of one without a checkpoint."""
    if backbone in FRESH:
        return backbone
    folder = find_folder(backbone)
    named = (CONFIG, SAFETENSORS, PICKLED)
    paths = [
        path for path in dict.fromkeys((*(folder / name for name in named), *weight_files(folder))) if path.is_file()
    ]
    return _hash(*(_file_hash(path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths))


def _before(config: RunConfig) -> Iterable[tuple[str, Any, list[str]]]:
    """Yield name, configuration and data (by names of `Prepared.hashes`) of each stage before `multitask`, in order.

    The dropouts are the encoder's during the stage.
    """
    dropouts = [config.encoder.hidden_dropout, config.encoder.attention_dropout]
    pooling = _plain(config.pooling)
    if config.mlm is not None:
        corpora = [f"texts.{name}" for name in corpora_of(config.mlm.corpora)]
        yield "mlm", [_plain(config.mlm), dropouts], corpora
    if config.simcse_unsupervised is not None:
        corpora = [f"texts.{name}" for name in corpora_of(config.simcse_unsupervised.corpus)]
        yield "simcse_unsupervised", [_plain(config.simcse_unsupervised), dropouts, pooling], corpora
    if config.simcse_supervised is not None:
        triplets = [f"texts.{name}" for name in TRIPLET_TEXTS]
        yield "simcse_supervised", [_plain(config.simcse_supervised), dropouts, pooling], triplets
    if config.fine_tune_first is not None:
        task = config.fine_tune_first.task
        parts = [
            _plain(config.fine_tune_first),
            [dropouts, pooling, config.encoder.shared, list(config.tasks)],
            [_plain(config.tasks[task].head), config.head_dropout, [_plain(part) for part in config.adapters]],
            config.shared_pair_layer,
            None if config.fine_tune_first.optimizer is not None else _plain(config.multitask.optimizer),
        ]
        yield "fine_tune_first", parts, [f"{task}.train", f"{task}.search"]


def _multitask(config: RunConfig) -> list[Any]:
    """Return everything that `multitask` reads; its number of epochs only if an epoch depends on it."""
    stage = _plain(config.multitask)
    if continues(config):
        stage.pop("epochs")
    tasks = [[name, _plain(task)] for name, task in config.tasks.items()]
    return [
        stage,
        tasks,
        _plain(config.pooling),
        _plain(config.encoder),
        [_plain(part) for part in config.adapters],
        config.head_dropout,
        config.shared_pair_layer,
    ]


def _splits(tasks: Iterable[str], data: Mapping[str, str]) -> list[str]:
    return [data["tokenizer"], *(data[f"{task}.{split}"] for task in tasks for split in ("train", "search"))]


def _plain(part: BaseModel) -> Any:
    return part.model_dump(mode="json")


def _hash(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _file_hash(path: Path, size: int, modified: int) -> str:
    """Return the SHA-256 of a file; `size` and `modified` change when the file does."""
    return sha256_of(path)


@cache
def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "unknown"
