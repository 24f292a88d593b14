"""The BiLSTM encoder: against torch's own two-layer LSTM, with and without padding, saved and read again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from mtbert import checkpoint
from mtbert.assembly import build_model
from mtbert.config import parse
from mtbert.data.tokenize import Prepared
from mtbert.encoder.backbones import build_encoder, check, known, load_encoder, load_tokenizer
from mtbert.encoder.bilstm import BilstmEncoder, BilstmShape
from mtbert.errors import BackboneError
from mtbert.model import freeze
from mtbert.run import run

SHAPE = BilstmShape(vocabulary_size=40, width=6, layers=2, embedding_width=5, hidden_width=4)


def batch(vocabulary_size: int, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random token numbers (rows, longest) and the mask of real tokens; padding is token 0."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    ids = torch.randint(5, vocabulary_size, mask.shape, generator=torch.Generator().manual_seed(0))
    return ids.masked_fill(~mask, 0), mask


@pytest.fixture
def bilstm() -> BilstmEncoder:
    made = BilstmEncoder(SHAPE)
    made.initialise(torch.Generator().manual_seed(7))
    return made.eval()


def reference(bilstm: BilstmEncoder, ids: Tensor) -> Tensor:
    """One sentence through torch's stacked LSTM with the same weights."""
    lstm = nn.LSTM(5, 4, num_layers=2, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for number, layer in enumerate(bilstm.layers):
            for name, parameter in layer.lstm.named_parameters():
                getattr(lstm, name.replace("_l0", f"_l{number}")).copy_(parameter)
    states, _ = lstm(bilstm.embeddings.word(ids))
    return nn.functional.linear(states, bilstm.output.weight, bilstm.output.bias)


def test_each_sentence_of_a_padded_batch_is_what_torchs_lstm_gives_alone(bilstm: BilstmEncoder) -> None:
    ids, mask = batch(40, [9, 4, 1])
    hidden = bilstm(ids, mask)
    assert hidden.shape == (3, 9, 6) and hidden.isfinite().all()
    for row, length in enumerate([9, 4, 1]):
        torch.testing.assert_close(hidden[row : row + 1, :length], reference(bilstm, ids[row : row + 1, :length]))


def test_padding_and_the_masks_type_do_not_matter_and_no_real_token_gives_numbers(bilstm: BilstmEncoder) -> None:
    ids, mask = batch(40, [9, 4, 1])
    assert torch.equal(bilstm(ids, mask)[mask], bilstm(ids.masked_fill(~mask, 17), mask)[mask])
    assert torch.equal(bilstm(ids, mask), bilstm(ids, mask.long()))
    assert bilstm(ids, torch.zeros_like(mask)).isfinite().all()


def test_given_word_embeddings_stand_in_for_the_looked_up_ones(bilstm: BilstmEncoder) -> None:
    ids, mask = batch(40, [5, 2])
    words = bilstm.embeddings.word(ids)
    assert torch.equal(bilstm(ids, mask, embedded=words), bilstm(ids, mask))
    assert not torch.equal(bilstm(ids, mask, embedded=words + 1), bilstm(ids, mask))


def test_dropout_follows_each_layer() -> None:
    encoder = BilstmEncoder(SHAPE, hidden_dropout=0.5).train()
    sizes = []
    for layer in encoder.layers:
        layer.register_forward_hook(lambda module, inputs, output: sizes.append((output == 0).float().mean().item()))
    encoder(*batch(40, [200] * 8))
    assert sizes == pytest.approx([0.5, 0.5], abs=0.05)


def test_an_adapter_is_refused(bilstm: BilstmEncoder) -> None:
    assert not bilstm.supports_adapters
    with pytest.raises(BackboneError, match="a BiLSTM has no place for adapters"):
        bilstm(*batch(40, [3]), adapter=SimpleNamespace())


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(BackboneError, match="at least 1, got hidden_width=0"):
        BilstmShape(vocabulary_size=4, width=4, layers=1, embedding_width=4, hidden_width=0)


def test_the_backbone_is_known_and_has_the_vocabulary_of_the_texts() -> None:
    assert "bilstm" in known()
    check("bilstm")
    texts = ["a good film", "a bad film"]
    assert load_tokenizer("bilstm", texts).to_str() == load_tokenizer("tiny", texts).to_str()


def test_it_is_decided_by_its_seed_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one = build_encoder("bilstm", vocabulary_size=50, seed=5).state_dict()
    assert torch.equal(torch.rand(1), expected)
    same, other = (build_encoder("bilstm", vocabulary_size=50, seed=seed).state_dict() for seed in (5, 6))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_fewer_layers_are_the_lower_ones() -> None:
    whole, lower = (build_encoder("bilstm", layers=layers, vocabulary_size=50) for layers in (None, 1))
    assert (len(whole.layers), len(lower.layers), lower.shape.layers) == (2, 1, 1)
    pairs = zip(whole.layers[0].parameters(), lower.layers[0].parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    with pytest.raises(BackboneError, match="layers must be between 1 and 2 for backbone 'bilstm', got 3"):
        build_encoder("bilstm", layers=3, vocabulary_size=50)


def test_load_encoder_gives_it_with_the_demos_vocabulary() -> None:
    encoder, tokenizer = load_encoder("bilstm")
    assert not encoder.training and encoder.width == 256
    assert tokenizer.get_vocab_size() == encoder.shape.vocabulary_size > 500


CONFIG = parse(
    {
        "backbone": "bilstm",
        "data": {"train_examples": 8, "dev_examples": 6, "max_tokens": 16},
        "multitask": {"epochs": 2, "batch_size": 4, "optimizer": {"learning_rate": 1e-3}},
    }
)


def test_it_trains_and_a_saved_model_gives_the_same_outputs(tmp_path: Path, prepared: Prepared) -> None:
    outcome = run(CONFIG, prepared, lambda _: True)
    first, last = outcome.epochs[0].losses, outcome.epochs[-1].losses
    assert sum(last.values()) < sum(first.values())
    checkpoint.save(outcome.model, CONFIG, Tokenizer.from_str(prepared.tokenizer_json), tmp_path / "model")
    loaded, config, _ = checkpoint.load(tmp_path / "model")
    assert config == CONFIG and isinstance(loaded.encoder, BilstmEncoder)
    ids, mask = batch(500, [7, 3])
    assert torch.equal(loaded.vectors(ids, mask), outcome.model.eval().vectors(ids, mask))


def test_last_k_trains_what_stands_above_the_frozen_layers() -> None:
    model = build_model(CONFIG, 50)
    freeze(model, "last_k", 1)
    trained = {name for name, p in model.encoder.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"layers", "output"}
    assert not any(name.startswith("layers.0.") for name in trained)
    assert np.mean([p.requires_grad for p in model.encoder.layers[1].parameters()]) == 1


def test_a_frozen_lstm_lets_gradients_through_where_cudnn_wants_it_and_gives_the_same() -> None:
    # cuDNN: "RNN backward can only be called in training mode". SMART asks for it, to the words below a frozen layer.
    model = build_model(CONFIG, 50)
    freeze(model, "last_k", 1)
    model.train()
    below, above = model.encoder.layers
    assert not below.training and not below.dropout.training and below.lstm.training
    assert above.training and above.lstm.training
    ids, mask = batch(50, [7, 3])
    states = model.encoder.lower(ids, mask, 1)
    assert torch.equal(states, model.encoder.lower(ids, mask, 1))
    assert torch.equal(states, model.eval().encoder.lower(ids, mask, 1)) and not below.lstm.training
