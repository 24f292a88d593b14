"""A backbone with few positions: sentences are cut to what it takes, everywhere, and the launch says how many are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mtbert import evaluate, export, loaded_model, predict, train
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.encoder import truncation
from mtbert.encoder.backbones import build_encoder, check, load_tokenizer
from mtbert.encoder.tiny_vocabulary import train_tokenizer
from mtbert.errors import BackboneError
from mtbert.run import prepare_data
from study import launch

POSITIONS = 16
LONG = " ".join(["a fine film that is never dull and always kind"] * 8)


def backbone(folder: Path, positions: int = POSITIONS) -> Path:
    """A small BERT on disk with so many positions."""
    from safetensors.torch import save_file

    folder.mkdir()
    tokenizer = train_tokenizer([LONG, "a dull film", "the cat sat on the mat"], 200)
    tokenizer.save(str(folder / "tokenizer.json"))
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    told = {"model_type": "bert", "vocab_size": 400, "max_position_embeddings": positions, **sizes}
    (folder / "config.json").write_text(json.dumps(told))
    generator, width, inner = torch.Generator().manual_seed(0), 8, 16
    shapes = {
        "embeddings.word_embeddings.weight": (400, width),
        "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "encoder.layer.0.intermediate.dense.weight": (inner, width),
        "encoder.layer.0.intermediate.dense.bias": (inner,),
        "encoder.layer.0.output.dense.weight": (width, inner),
        "encoder.layer.0.output.dense.bias": (width,),
    }
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        shapes |= {f"encoder.layer.0.attention.{part}.weight": (width, width)}
        shapes |= {f"encoder.layer.0.attention.{part}.bias": (width,)}
    for part in ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"):
        shapes |= {f"{part}.LayerNorm.{name}": (width,) for name in ("weight", "bias")}
    save_file({n: torch.randn(s, generator=generator) for n, s in shapes.items()}, folder / "model.safetensors")
    return folder


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return backbone(tmp_path / "short")


def write_data(folder: Path) -> Path:
    """A course folder with long sentences, alone and in pairs."""
    folder.mkdir()
    heads = {
        "ids-sst": "\tid\tsentence\tsentiment",
        "quora": "\tid\tsentence1\tsentence2\tis_duplicate",
        "sts": "\tid\tsentence1\tsentence2\tsimilarity",
    }
    for stem, head in heads.items():
        for split, count in (("train", 40), ("dev", 10)):
            rows = [head]
            for i in range(count):
                texts = [f"{split} {stem} {i} {LONG if i % 2 else 'a film'}", f"{split} other {i} {stem}"]
                label = {"ids-sst": i % 5, "quora": f"{i % 2}.0", "sts": i % 6}[stem]
                rows.append("\t".join([str(i), f"{split}{i}", *texts[: 1 if stem == "ids-sst" else 2], str(label)]))
            (folder / f"{stem}-{split}.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_a_configuration_is_cut_to_the_backbone_and_the_longest_row_fits(short: Path) -> None:
    config = parse({"backbone": str(short), "data": {"train_examples": 12, "dev_examples": 8}, "mlm": {}})
    data = prepare_data(config, load_corpus("demo", tuple(config.tasks)))
    longest = [int(split.lengths().max()) for split in data.splits.values()]
    assert max(longest) == POSITIONS == data.max_tokens
    assert all(rows.lengths().max() <= POSITIONS for rows in data.texts.values())
    ends = {int(rows.first[i][-1]) for rows in data.splits.values() for i in range(len(rows))}
    assert ends == {load_tokenizer(str(short)).token_to_id("[SEP]")}


def test_what_has_positions_enough_is_not_touched_and_nothing_is_told() -> None:
    config, corpus = RunConfig(backbone="tiny"), load_corpus("demo", ("sst",))
    assert truncation.most_tokens(config) == config.data.max_tokens == 128
    assert truncation.notes(config, corpus) == []


def test_every_command_takes_sentences_that_are_too_long(
    short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = write_data(tmp_path / "data"), tmp_path / "model"
    asked = ["--data", str(data), "--backbone", str(short), "--epochs", "1", "--out", str(model)]
    assert train.main([*asked, "--dev-examples", "8"]) == 0
    told = capsys.readouterr().err
    assert f"{short} reads at most 16 tokens" in told and "sentences are longer and are cut" in told
    assert evaluate.main(["--data", str(data), "--model", str(model)]) == 0
    assert predict.main(["--data", str(data), "--model", str(model), "--out", str(tmp_path / "predictions")]) == 0
    assert export.main(["--model", str(model), "--out", str(tmp_path / "exported")]) == 0
    found = json.loads((tmp_path / "exported" / "tokenizer_config.json").read_text())
    assert found["model_max_length"] == POSITIONS
    use = loaded_model.load(model)
    assert use.max_tokens == POSITIONS
    one, same = use.predict("sst", [LONG, LONG + " and much more"])
    assert one == same
    assert use.predict("sts", [LONG], [LONG]).shape == (1,)


def test_a_launch_says_how_many_sentences_are_cut(
    short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "data")
    asked = ("--data", str(data), "--backbone", str(short), "--space", "pooling", "--budget", "smoke", "--plan")
    assert launch.main([*asked, "--name", "x", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    told = " ".join((said.out + said.err).split())
    tokenizer, corpus = load_tokenizer(str(short)), load_corpus(str(data), ("sst", "quora", "sts"))
    splits = [split for task in corpus.tasks.values() for split in (task.train, task.dev, task.test)]
    texts = [text for split in splits for text in (*split.texts, *(split.texts2 or ()))]
    longer = sum(len(tokenizer.encode(text).ids) > POSITIONS for text in texts)
    assert longer >= 75 and len(texts) == 250  # in every other row one is, of 50 of each of three tasks
    assert f"reads at most 16 tokens of a sentence: {longer} of 250 sentences are longer and are cut" in told, told


def test_a_backbone_that_no_token_fits_into_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"max_position_embeddings must be at least 3 .* got 2 in .*config\.json"):
        check(str(backbone(tmp_path / "none", positions=2)))


def test_an_encoder_says_what_it_takes(short: Path) -> None:
    encoder = build_encoder(str(short), vocabulary_size=200)
    ids = torch.ones((1, 17), dtype=torch.int64)
    with pytest.raises(
        BackboneError, match=r"at most 16 tokens with this encoder, got 17\. Cut it when it is tokenized"
    ):
        encoder(ids, torch.ones_like(ids, dtype=torch.bool))
