"""Exported encoders: `transformers` loads the folder and computes the same; what is no plain BERT is refused."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor

from mtbert import checkpoint, components, export, load_encoder
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared, tokenize_texts
from mtbert.encoder.backbones import load_tokenizer
from mtbert.errors import ExportError, unwritable
from mtbert.loaded_model import TrainedModel
from mtbert.model import MultitaskModel

REAL = Path(os.environ.get("MTBERT_DATA", Path(__file__).parents[3] / "shared" / "data"))
SENTENCES = ["A fine film, warm and (mostly) funny .", "Café owners don't agree.", "Dull ."]
PLACES = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def trained_model(config: RunConfig, tokenizer: Tokenizer, vocabulary_size: int, moved: float = 0.02) -> TrainedModel:
    """A model whose every weight has moved away from where it began, as training does."""
    model = build_model(config, vocabulary_size).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += moved * torch.randn(parameter.shape, generator=generator)
    return TrainedModel(model, config, tokenizer)


def made(prepared: Prepared, tiny: RunConfig, **changes: Any) -> TrainedModel:
    config = parse(tiny.model_dump(mode="json") | changes)
    return trained_model(config, Tokenizer.from_str(prepared.tokenizer_json), prepared.vocabulary_size)


def saved(trained: TrainedModel, folder: Path) -> str:
    checkpoint.save(trained.model, trained.config, trained.tokenizer, folder)
    return str(folder)


def ours(trained: TrainedModel, task: str, sentences: list[str]) -> list[Tensor]:
    """The hidden states (tokens, width) of each sentence, of the task's encoder with its adapters."""
    model: MultitaskModel = trained.model
    rows = tokenize_texts(sentences, trained.tokenizer, trained.config.data.max_tokens)
    found = []
    with torch.inference_mode():
        for number in range(len(rows)):
            ids = torch.tensor(rows[number]).long()[None]
            encoder = model.encoder_of(task)
            found.append(encoder(ids, torch.ones_like(ids, dtype=torch.bool), model.adapter_of(task))[0])
    return found


def theirs(folder: Path, sentences: list[str]) -> tuple[list[Tensor], Tensor | None]:
    """The same from `transformers`, all sentences in one padded batch; and the pooler's output, where it has one."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, add_pooling_layer="cls_pooler" in folder.name).eval()
    batch = tokenizer(sentences, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        out = model(**batch)
    lengths = batch["attention_mask"].sum(1).tolist()
    return [states[:length] for states, length in zip(out.last_hidden_state, lengths, strict=True)], out.pooler_output


def assert_same(found: list[Tensor], wanted: list[Tensor]) -> None:
    for mine, other in zip(found, wanted, strict=True):
        assert mine.shape == other.shape
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_transformers_computes_the_same_hidden_states(prepared: Prepared, tiny: RunConfig, tmp_path: Path) -> None:
    trained = made(prepared, tiny)
    long = " ".join(["film"] * 50)  # longer than max_tokens: both cut it
    written = export.export(trained, tmp_path / "plain")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "plain").iterdir()} == PLACES
    found, _ = theirs(tmp_path / "plain", [*SENTENCES, long])
    assert found[-1].shape[0] == trained.config.data.max_tokens
    for task in trained.config.tasks:
        assert_same(found, ours(trained, task, [*SENTENCES, long]))


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "ids-sst-dev.csv").is_file(), reason=f"the course's data is not in {REAL}")
@pytest.mark.parametrize("changes", [{}, {"adapters": ["lora"]}])
def test_it_computes_the_same_on_real_sentences_and_a_pretrained_encoder(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    sentences = list(load_corpus(str(REAL), ("sst",)).tasks["sst"].dev.texts[:64])
    tokenizer = load_tokenizer("minilm")
    trained = trained_model(parse({"backbone": "minilm"} | changes), tokenizer, tokenizer.get_vocab_size(), moved=1e-3)
    export.export(trained, tmp_path / "plain")
    folder = tmp_path / "plain" / ("sst" if changes else "")
    assert_same(theirs(folder, sentences)[0], ours(trained, "sst", sentences))


def test_what_is_exported_is_a_backbone_again(prepared: Prepared, tiny: RunConfig, tmp_path: Path) -> None:
    trained = made(prepared, tiny)
    export.export(trained, tmp_path / "plain")
    encoder, tokenizer = load_encoder(str(tmp_path / "plain"))
    before = trained.model.encoder.state_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.state_dict().items())
    assert tokenizer.encode(SENTENCES[1]).ids == trained.tokenizer.encode(SENTENCES[1]).ids


@pytest.mark.slow
def test_berts_own_pooler_goes_with_it(prepared: Prepared, tiny: RunConfig, tmp_path: Path) -> None:
    trained = made(prepared, tiny, pooling={"name": "cls_pooler"})
    export.export(trained, tmp_path / "cls_pooler")
    found, pooled = theirs(tmp_path / "cls_pooler", SENTENCES)
    mine = ours(trained, "sst", SENTENCES)
    assert_same(found, mine)
    assert pooled is not None
    with torch.inference_mode():
        wanted = torch.cat([trained.model.pooling(states[None], torch.ones(1, len(states))) for states in mine])
    torch.testing.assert_close(pooled, wanted, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [{"adapters": [{"name": "lora", "rank": 3, "alpha": 5.0}]}, {"encoder": {"shared": False}}]
)
def test_tasks_with_encoders_of_their_own_have_a_folder_each(
    prepared: Prepared, tiny: RunConfig, tmp_path: Path, changes: dict[str, Any]
) -> None:
    trained = made(prepared, tiny, **changes)
    before = {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}
    export.export(trained, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"sst", "quora", "sts"}
    found = {task: theirs(tmp_path / "out" / task, SENTENCES)[0] for task in trained.config.tasks}
    for task, states in found.items():
        assert_same(states, ours(trained, task, SENTENCES))
    assert not torch.allclose(found["sst"][0], found["sts"][0], atol=1e-3)
    after = trained.model.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())  # merging changed a copy


STAYING = [n for n in components.names("adapters") if not components.load("adapters", n).merges]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", STAYING)
def test_adapters_that_no_bert_has_are_refused(prepared: Prepared, tiny: RunConfig, tmp_path: Path, name: str) -> None:
    trained = made(prepared, tiny, adapters=[{"name": name}, {"name": "lora"}])
    with pytest.raises(ExportError, match=f"BertModel has no place for its adapter {name}"):
        export.export(trained, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bilstm_is_refused(tiny: RunConfig) -> None:
    config = parse(tiny.model_dump(mode="json") | {"backbone": "bilstm"})
    assert export.hindrance(config) == "its encoder is a BiLSTM, not a BERT"


def test_the_command_prints_what_it_wrote_and_writes_it_again(
    prepared: Prepared, tiny: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = saved(made(prepared, tiny), tmp_path / "model"), tmp_path / "below" / "out"
    for _ in range(2):
        assert export.main(["--model", model, "--out", str(out)]) == 0
        assert {Path(line).name for line in capsys.readouterr().out.split()} == PLACES
        assert {path.name for path in out.iterdir()} == PLACES
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"] == 2
    assert export.main(["--model", model, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"model": model, "files": told["files"]}
    assert {Path(file).name for file in told["files"]} == PLACES


def test_the_command_says_in_one_message_what_cannot_be(
    prepared: Prepared, tiny: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapted = saved(made(prepared, tiny, adapters=[{"name": "pal"}]), tmp_path / "adapted")
    assert export.main(["--model", adapted, "--out", str(tmp_path / "out")]) == 2
    assert "no place for its adapter pal" in capsys.readouterr().err
    assert export.main(["--model", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "is not a saved model" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    model = saved(made(prepared, tiny), tmp_path / "model")
    assert export.main(["--model", model, "--out", str(tmp_path / "file")]) == 2
    assert "Choose another place: --out DIR" in capsys.readouterr().err
    (tmp_path / "out" / f".model.safetensors.{os.getpid()}.new").mkdir(parents=True)  # stands in the way
    assert export.main(["--model", model, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "cannot be written" in told and "Choose another place: --out DIR" in told and len(told.splitlines()) == 1


def test_a_full_disk_is_one_message_whoever_meets_it() -> None:
    assert unwritable(OSError(errno.ENOSPC, "No space left on device")) == (
        "The output cannot be written (No space left on device). Choose another place: --out DIR"
    )
    assert unwritable(OSError(errno.ENOSPC, "No space left on device", "a/b")).startswith("a/b cannot be written (No ")
    assert unwritable(SafetensorError("I/O error")).startswith("The output cannot be written (I/O error).")
