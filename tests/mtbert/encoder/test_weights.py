from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mtbert.encoder.bert import BertEncoder
from mtbert.encoder.shape import read_shape
from mtbert.encoder.weights import LoadReport, load_into, pooler_of, read_tensors, to_hugging_face
from mtbert.errors import BackboneError


def exported(encoder: BertEncoder) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in to_hugging_face(encoder.state_dict()).items()}


def assert_same_weights(first: BertEncoder, second: BertEncoder) -> None:
    other = second.state_dict()
    assert all(torch.equal(tensor, other[name]) for name, tensor in first.state_dict().items())


def test_what_is_exported_loads_again_with_nothing_to_report(encoder: BertEncoder) -> None:
    fresh = BertEncoder(encoder.shape)
    assert load_into(fresh, exported(encoder)) == LoadReport((), (), (), ())
    assert_same_weights(fresh, encoder)


def test_a_folder_gives_the_weights_that_were_saved(folder: Path, encoder: BertEncoder) -> None:
    fresh = BertEncoder(read_shape(folder))
    load_into(fresh, read_tensors(folder))
    assert_same_weights(fresh, encoder)


def test_old_names_and_the_bert_prefix_are_understood(encoder: BertEncoder) -> None:
    old = {
        "bert." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t
        for name, t in exported(encoder).items()
    }
    fresh = BertEncoder(encoder.shape)
    assert load_into(fresh, old) == LoadReport((), (), (), ())
    assert_same_weights(fresh, encoder)


def test_half_precision_weights_become_float32(encoder: BertEncoder) -> None:
    fresh = BertEncoder(encoder.shape)
    load_into(fresh, {name: tensor.half() for name, tensor in exported(encoder).items()})
    assert fresh.embeddings.word.weight.dtype == torch.float32
    assert torch.equal(fresh.embeddings.word.weight, encoder.embeddings.word.weight.half().float())


def test_a_missing_tensor_is_reported_and_refused(encoder: BertEncoder) -> None:
    tensors = exported(encoder)
    del tensors["encoder.layer.1.output.dense.bias"]
    report = load_into(BertEncoder(encoder.shape), tensors)
    assert report.missing == ("encoder.layer.1.output.dense.bias",)
    with pytest.raises(BackboneError, match=r"some/folder .* lacks encoder\.layer\.1\.output\.dense\.bias"):
        report.require_complete("some/folder")


def test_a_tensor_of_another_shape_is_reported_and_left_as_it_was(encoder: BertEncoder) -> None:
    tensors = exported(encoder)
    tensors["encoder.layer.0.attention.self.key.weight"] = torch.zeros(16, 8)
    fresh = BertEncoder(encoder.shape)
    before = fresh.state_dict()["layers.0.attention.qkv.weight"].clone()
    report = load_into(fresh, tensors)
    assert report.mismatched == ("encoder.layer.0.attention.self.key.weight",)
    assert torch.equal(fresh.state_dict()["layers.0.attention.qkv.weight"][16:32], before[16:32])
    with pytest.raises(BackboneError, match="another shape for encoder"):
        report.require_complete("some/folder")


def test_pooler_positions_and_pretraining_heads_are_unused_and_not_unexpected(encoder: BertEncoder) -> None:
    parts = ("pooler.dense.weight", "embeddings.position_ids", "cls.predictions.bias")
    report = load_into(BertEncoder(encoder.shape), exported(encoder) | {name: torch.zeros(1) for name in parts})
    assert report == LoadReport((), (), (), tuple(sorted(parts)))


def test_a_tensor_that_bert_does_not_have_is_unexpected(encoder: BertEncoder) -> None:
    report = load_into(BertEncoder(encoder.shape), exported(encoder) | {"adapter.weight": torch.zeros(1)})
    assert report.unexpected == ("adapter.weight",)
    report.require_complete("some/folder")


def test_layers_above_the_last_one_kept_are_unused(encoder: BertEncoder) -> None:
    report = load_into(BertEncoder(replace(encoder.shape, layers=1)), exported(encoder))
    assert not report.unexpected and len(report.unused) == 16
    assert all(name.startswith("encoder.layer.1.") for name in report.unused)


def test_a_pickled_state_dict_is_read_where_there_are_no_safetensors(folder: Path, encoder: BertEncoder) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(exported(encoder), folder / "pytorch_model.bin")
    fresh = BertEncoder(encoder.shape)
    load_into(fresh, read_tensors(folder)).require_complete("folder")
    assert_same_weights(fresh, encoder)


class Trap:
    """A pickle that would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("writer", [torch.save, lambda trap, path: path.write_bytes(pickle.dumps(trap, protocol=2))])
def test_code_in_a_pickle_is_refused_and_not_run(folder: Path, writer: object) -> None:
    (folder / "model.safetensors").unlink()
    assert callable(writer)
    writer(Trap(folder / "sprung"), folder / "pytorch_model.bin")
    with pytest.raises(BackboneError, match=r"pytorch_model\.bin cannot be read as weights"):
        read_tensors(folder)
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("kept", [0, 5, 300, 0.5])
def test_a_truncated_file_is_named_with_a_way_out(folder: Path, encoder: BertEncoder, name: str, kept: float) -> None:
    (folder / "model.safetensors").unlink()
    path = folder / name
    if name == "model.safetensors":
        save_file(exported(encoder), path)
    else:
        torch.save(exported(encoder), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(BackboneError, match=rf"{name} cannot be read as weights .* download the file again"):
        read_tensors(folder)


def test_a_pickle_that_is_not_a_state_dict_and_a_folder_without_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save([torch.zeros(1)], folder / "pytorch_model.bin")
    with pytest.raises(BackboneError, match="must hold named tensors"):
        read_tensors(folder)
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(BackboneError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        read_tensors(folder)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model_type", "roberta", r"model_type must be 'bert', got 'roberta' in .*config\.json"),
        ("hidden_act", "relu", "hidden_act must be 'gelu', got 'relu'"),
        ("position_embedding_type", "relative_key", "position_embedding_type must be 'absolute'"),
        ("hidden_size", None, "hidden_size must be a whole number, got None"),
    ],
)
def test_a_model_that_is_not_a_plain_bert_is_refused(folder: Path, name: str, value: str | None, message: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(BackboneError, match=message):
        read_shape(folder)


def test_a_damaged_config_is_named(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "be')
    with pytest.raises(BackboneError, match=r"config\.json is not JSON"):
        read_shape(folder)


def test_the_published_pooler_is_unused_by_the_encoder_and_can_be_had(encoder: BertEncoder) -> None:
    weight, bias = torch.randn(16, 16), torch.randn(16)
    for prefix in ("", "bert."):
        tensors = {f"{prefix}pooler.dense.weight": weight, f"{prefix}pooler.dense.bias": bias}
        found = pooler_of(tensors)
        assert found is not None and torch.equal(found[0], weight) and torch.equal(found[1], bias)
    assert "pooler.dense.weight" in load_into(encoder, tensors).unused
    assert pooler_of(to_hugging_face(encoder.state_dict())) is None
