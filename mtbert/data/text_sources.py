"""Where sentences without labels come from: a folder, the hub or the demo's generator; nothing is filtered here."""

from __future__ import annotations

import csv
import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from random import Random

from mtbert.config.stages import DOMAINS
from mtbert.data import demo
from mtbert.data.demo.scenes import scene_triplet
from mtbert.data.hub_loading import WAY_OUT, Loader, folder_of, is_hub, loader_of, require_columns
from mtbert.data.table import read_lines, read_table
from mtbert.errors import DataError

Triplet = tuple[str, str, str]  # premise, what it entails, what contradicts it

WIKIPEDIA_FILE, NLI_FILE = "wiki1m_for_simcse.txt", "nli_for_simcse.csv"  # as Gao et al. 2021 published them
NLI_COLUMNS = ("sent0", "sent1", "hard_neg")
ROTTEN_TOMATOES = ("rt-polarity.neg.txt", "rt-polarity.pos.txt")
PAWS = "paws/train.tsv"
SICK = "sick/SICK_train.txt"  # the trial file is SICK's dev split: never read here
# Each domain of `in_domain`: its files and columns in a folder, its data set on the hub, and the task of the demo whose
# grammar talks about the same things.
_DOMAIN_FILES: Mapping[str, tuple[str, ...]] = {"rotten_tomatoes": ROTTEN_TOMATOES, "paws": (PAWS,), "sick": (SICK,)}
_DOMAIN_COLUMNS = {"paws": ("sentence1", "sentence2"), "sick": ("sentence_A", "sentence_B")}
_DOMAIN_ON_HUB = {
    "rotten_tomatoes": ("cornell-movie-review-data/rotten_tomatoes", None, ("text",)),
    "paws": ("google-research-datasets/paws", "labeled_final", ("sentence1", "sentence2")),
}
_DEMO_TASK = {"rotten_tomatoes": "sst", "paws": "quora", "sick": "sts"}
SIMCSE_DATA = "princeton-nlp/datasets-for-simcse"

# The demo's in-domain sentences are what its grammars say with another seed: new ones about the same things.
DEMO_SEED = 1
DEMO_TRIPLETS = 1000


def in_domain(source: str) -> tuple[str, ...]:
    """Sentences of Rotten Tomatoes, PAWS and SICK: those the folder has; on the hub the first two.

    For the demo what its grammars say with another seed. Raises DataError where a folder has none of them.
    """
    texts = tuple(chain.from_iterable(_domain(source, name) for name in DOMAINS))
    if not texts:
        raise DataError(
            f"{source} has no in-domain sentences ({', '.join((*ROTTEN_TOMATOES, PAWS, SICK))}). Put one of these "
            "files there, or take another corpus: tasks, or a text file with one sentence a line."
        )
    return texts


def domain(source: str, name: str) -> tuple[str, ...]:
    """Return one of the `DOMAINS` of `in_domain` alone. Raises DataError where the data does not have it."""
    texts = tuple(_domain(source, name))
    if not texts:
        wanted = "on the hub" if is_hub(source) else f"({', '.join(_DOMAIN_FILES[name])})"
        raise DataError(
            f"{source} has no sentences of {name} {wanted}. Put the file into a data folder, or take another corpus: "
            "in_domain, tasks, or a text file with one sentence a line."
        )
    return texts


def _domain(source: str, name: str) -> Iterable[str]:
    if source == "demo":
        made = demo.generate(DEMO_SEED, dev=1, test=1)[_DEMO_TASK[name]]
        return (*made.train.texts, *(made.train.texts2 or ()))
    if is_hub(source):
        columns = _columns(loader_of(source), *_DOMAIN_ON_HUB[name]) if name in _DOMAIN_ON_HUB else []
        return chain.from_iterable(columns)
    folder = Path(os.path.expanduser(source))
    paths = [folder / file for file in _DOMAIN_FILES[name] if (folder / file).is_file()]
    if name == "rotten_tomatoes":
        return chain.from_iterable(map(_lines, paths))
    return (field for path in paths for row in read_table(path, _DOMAIN_COLUMNS[name]).rows for field in row.fields)


def wikipedia(source: str) -> tuple[str, ...]:
    """Gao et al.'s million sentences of Wikipedia, from the folder or the hub. Raises DataError where they are not."""
    if is_hub(source):
        path = _published(source, WIKIPEDIA_FILE)
        return tuple(_lines(path)) if path else _saved_columns(source, WIKIPEDIA_FILE, ("text",))[0]
    path = Path(os.path.expanduser(source)) / WIKIPEDIA_FILE
    if source == "demo" or not path.is_file():
        raise DataError(
            f"--data {source} has no sentences of Wikipedia ({WIKIPEDIA_FILE}). Put the file into a data folder, take "
            "--data hub, or another corpus: tasks, or a text file with one sentence a line."
        )
    return tuple(_lines(path))


def text_file(source: str, name: str) -> tuple[str, ...]:
    """Return the lines of a text file; a relative name is looked for in the data folder first, then where we are."""
    folder = folder_of(source) if is_hub(source) else Path(os.path.expanduser(source))
    beside = (folder or Path()) / name
    return tuple(_lines(beside if beside.is_file() else Path(os.path.expanduser(name))))


def triplets(source: str) -> tuple[Triplet, ...]:
    """Premises with an entailment and a contradiction each: Gao et al.'s file, else SICK's; made up for the demo.

    Raises DataError where there are none.
    """
    if source == "demo":
        rng = Random(f"mtbert demo triplets {DEMO_SEED}")
        return tuple(scene_triplet(rng) for _ in range(DEMO_TRIPLETS))
    if is_hub(source):
        path = _published(source, NLI_FILE)
        return tuple(_csv(path) if path else zip(*_saved_columns(source, NLI_FILE, NLI_COLUMNS), strict=True))
    folder = Path(os.path.expanduser(source))
    if (folder / NLI_FILE).is_file():
        return tuple(_csv(folder / NLI_FILE))
    found = _of_sick(folder / SICK) if (folder / SICK).is_file() else ()
    if not found:
        raise DataError(
            f"{source} has no premise with an entailment and a contradiction. Put {NLI_FILE} there (columns "
            f"{', '.join(NLI_COLUMNS)}) or SICK ({SICK}), or leave supervised SimCSE out."
        )
    return found


def download(name: str) -> Path:
    """Return a file of SimCSE's data on the hub, from its cache when it is there. Raises DataError where it cannot be
    had.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        raise DataError(f"{name} comes from the hub. Install its library: pip install 'mtbert-study[hub]'. {WAY_OUT}")
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(SIMCSE_DATA, name, repo_type="dataset"))
    except (OSError, ValueError) as error:  # every error of the library is one of these
        raise DataError(f"{SIMCSE_DATA}/{name} could not be loaded from the hub: {error}. {WAY_OUT}") from error


def _lines(path: Path) -> Iterable[str]:
    return (text for _, text in read_lines(path))


def _published(source: str, name: str) -> Path | None:
    """Return a file of SimCSE's data as it was published; None where what was saved of the hub holds no such file."""
    folder = folder_of(source)
    path = download(name) if folder is None else folder / SIMCSE_DATA / name
    return path if path.is_file() else None


def _saved_columns(source: str, name: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the columns of such a file where `datasets` read and saved it, under the file's name without its
    ending.
    """
    folder, stem = (folder_of(source) or Path()) / SIMCSE_DATA, Path(name).stem
    if not (folder / stem).is_dir():
        raise DataError(
            f"{folder} has neither the file {name} nor what `datasets` saved of it ({stem}). Put the file there as "
            f"{SIMCSE_DATA} has it on the hub."
        )
    return _columns(loader_of(source), SIMCSE_DATA, stem, columns)


def _columns(load: Loader, path: str, configuration: str | None, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Columns of text of a data set's train split; an empty value is an empty sentence."""
    splits = load(path, configuration)
    if "train" not in splits:
        raise DataError(f"{path} has no split train, only {', '.join(splits)}. {WAY_OUT}")
    rows = splits["train"]
    require_columns(rows, f"{path}:train", columns)
    return [tuple(str(row[name] or "") for row in rows) for name in columns]


def _csv(path: Path) -> Iterator[Triplet]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in NLI_COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{path} has no column {', '.join(missing)}. Expected: comma-separated {', '.join(NLI_COLUMNS)}."
                )
            for row in rows:
                yield row["sent0"] or "", row["sent1"] or "", row["hard_neg"] or ""
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as comma-separated UTF-8 text: {error}.") from error


def _of_sick(path: Path) -> tuple[Triplet, ...]:
    """Return every entailment of a first sentence with every contradiction of the same one."""
    said: dict[str, dict[str, list[str]]] = {}
    for row in read_table(path, ("sentence_A", "sentence_B", "entailment_judgment")).rows:
        first, second, judgment = row.fields
        said.setdefault(first, {}).setdefault(judgment.strip().upper(), []).append(second)
    return tuple(
        (premise, entailed, contradicted)
        for premise, by_judgment in said.items()
        for entailed in by_judgment.get("ENTAILMENT", ())
        for contradicted in by_judgment.get("CONTRADICTION", ())
    )
