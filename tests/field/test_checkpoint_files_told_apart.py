"""Weights in shards or under a wrapper's names are read; what cannot be is told with its cause; CR ends lines too."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cases import for_each
from safetensors.torch import load_file, save_file
from torch import Tensor

from mtbert.data.table import read_lines, read_table
from mtbert.encoder.backbones import build_encoder, check, load_tokenizer
from mtbert.encoder.shape import BertShape
from mtbert.encoder.tiny_vocabulary import train_tokenizer
from mtbert.encoder.weights import pooler_of, read_tensors, to_hugging_face
from mtbert.errors import BackboneError
from mtbert.stage_store.keys import backbone_identity

WORDS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small BERT on disk, with a pooler."""
    from mtbert.encoder.bert import BertEncoder

    place = tmp_path / "model"
    place.mkdir()
    train_tokenizer(["a fine film", "the cat sat"], WORDS).save(str(place / "tokenizer.json"))
    shape = BertShape(WORDS, width=8, layers=2, heads=2, inner_width=16)
    encoder = BertEncoder(shape, hidden_dropout=0.0, attention_dropout=0.0)
    encoder.initialise(torch.Generator().manual_seed(0))
    tensors = {name: t.clone() for name, t in to_hugging_face(encoder.state_dict()).items()}
    tensors |= {"pooler.dense.weight": torch.eye(8), "pooler.dense.bias": torch.ones(8)}
    save_file(tensors, place / "model.safetensors")
    told = {"model_type": "bert", "vocab_size": WORDS, "hidden_size": 8, "num_hidden_layers": 2}
    (place / "config.json").write_text(json.dumps(told | {"num_attention_heads": 2, "intermediate_size": 16}))
    return place


def bits(folder: Path) -> dict[str, Tensor]:
    check(str(folder))
    return build_encoder(str(folder), vocabulary_size=WORDS - 20).state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def in_shards(folder: Path, pickled: bool = False) -> list[str]:
    """The weights in three files and an index of them."""
    tensors = load_file(folder / "model.safetensors")
    stem, ending = ("pytorch_model", "bin") if pickled else ("model", "safetensors")
    names = [f"{stem}-0000{number}-of-00003.{ending}" for number in (1, 2, 3)]
    weight_map = {name: names[number % 3] for number, name in enumerate(tensors)}
    for file in names:
        part = {name: t for name, t in tensors.items() if weight_map[name] == file}
        torch.save(part, folder / file) if pickled else save_file(part, folder / file)
    (folder / f"{stem}.{ending}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "model.safetensors").unlink()
    return names


@pytest.mark.parametrize("pickled", [False, True])
def test_weights_in_shards_are_read(folder: Path, pickled: bool) -> None:
    whole = bits(folder)
    names = in_shards(folder, pickled)
    assert same(bits(folder), whole)
    identity = backbone_identity(str(folder))
    file = folder / names[1]
    file.write_bytes(file.read_bytes() + b" " if pickled else file.read_bytes()[:-1] + b"\x01")
    assert backbone_identity(str(folder)) != identity  # another shard is another backbone
    file.unlink()
    with pytest.raises(BackboneError, match=rf"lacks {names[1]}: .*index\.json names 3 files of weights"):
        check(str(folder))


def test_an_index_that_leads_outside_or_names_nothing_is_refused(folder: Path) -> None:
    in_shards(folder)
    for weight_map in ({"a": "../secret.safetensors"}, {}, None, ["a"]):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        with pytest.raises(BackboneError, match=r"index\.json must name the files of the weights"):
            check(str(folder))


@for_each("prefix", ["module.", "bert.", "model.", "module.bert.", "model.module.bert.", "_orig_mod.", "0.auto_model."])
def test_what_a_wrapper_puts_before_all_names_makes_no_difference(prefix: str, folder: Path) -> None:
    plain = load_file(folder / "model.safetensors")
    whole = bits(folder)
    save_file({f"{prefix}{name}": t.clone() for name, t in plain.items()}, folder / "model.safetensors")
    found = pooler_of(read_tensors(folder))
    assert same(bits(folder), whole) and found is not None and torch.equal(found[1], torch.ones(8))
    save_file({name: t.clone() for name, t in plain.items()}, folder / "model.safetensors")


def test_names_of_no_bert_are_told(folder: Path) -> None:
    plain = load_file(folder / "model.safetensors")
    save_file({f"student.{name}": t.clone() for name, t in plain.items()}, folder / "model.safetensors")
    with pytest.raises(BackboneError, match=r"It holds names that are not BERT's, such as student\.embeddings\."):
        build_encoder(str(folder), vocabulary_size=10)


@for_each("inner", ["0_BERT", "0_Transformer"])
def test_an_old_sentence_transformers_folder_names_the_one_to_give(inner: str, folder: Path) -> None:
    outer = folder.parent / f"sentence-{inner}"
    outer.mkdir()
    shutil.copytree(folder, outer / inner)
    (outer / "modules.json").write_text("[]")
    for root in (None, {"__version__": "0.2.0"}):
        if root is not None:
            (outer / "config.json").write_text(json.dumps(root))
        with pytest.raises(BackboneError, match=rf"sentence-transformers folder: .* Give {outer / inner}$"):
            check(str(outer))
    check(str(outer / inner))


ENDS: dict[str, Callable[[str], bytes]] = {
    "LF": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
}


@for_each("end", list(ENDS))
def test_carriage_returns_alone_end_lines_of_every_file(end: str, folder: Path) -> None:
    written = ENDS[end]
    table = folder / "sts-dev.csv"
    table.write_bytes(written("\tid\tsentence1\n0\ta\tone\n1\tb\ttwo\n"))
    assert [(row.line, row.fields) for row in read_table(table, ["id", "sentence1"]).rows] == [
        (2, ("a", "one")),
        (3, ("b", "two")),
    ]
    lines = folder / "lines.txt"
    lines.write_bytes(written("one\n\ntwo\n"))
    assert read_lines(lines) == ((1, "one"), (3, "two"))
    (folder / "tokenizer.json").unlink(missing_ok=True)
    (folder / "vocab.txt").write_bytes(written("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n"))
    tokenizer = load_tokenizer(str(folder))
    assert tokenizer.get_vocab_size() == 6 and tokenizer.encode("cat").ids == [2, 5, 3]
