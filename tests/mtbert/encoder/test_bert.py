from __future__ import annotations

import pytest
import torch
from cases import for_each
from torch import Tensor

from mtbert.encoder.bert import BertEncoder, BertShape
from mtbert.errors import BackboneError


def initialised(shape: BertShape, seed: int) -> BertEncoder:
    made = BertEncoder(shape)
    made.initialise(torch.Generator().manual_seed(seed))
    return made


def test_gives_one_hidden_state_for_every_token(encoder: BertEncoder, padded: tuple[Tensor, Tensor]) -> None:
    assert encoder(*padded).shape == (3, 9, 16)
    assert encoder.width == 16


def test_padding_does_not_change_real_tokens(encoder: BertEncoder, padded: tuple[Tensor, Tensor]) -> None:
    ids, mask = padded
    alone = encoder(ids[1:2, :4], mask[1:2, :4])
    torch.testing.assert_close(encoder(ids, mask)[1:2, :4], alone, atol=1e-6, rtol=0)


def test_neither_what_stands_at_padding_nor_the_masks_type_matters(
    encoder: BertEncoder, padded: tuple[Tensor, Tensor]
) -> None:
    ids, mask = padded
    other = ids.masked_fill(~mask, 17)
    assert torch.equal(encoder(ids, mask)[mask], encoder(other, mask)[mask])
    assert torch.equal(encoder(ids, mask), encoder(ids, mask.long()))


@for_each("training", [False, True])
def test_a_row_with_no_real_token_is_finite_and_so_are_gradients(
    encoder: BertEncoder, padded: tuple[Tensor, Tensor], training: bool
) -> None:
    ids, mask = padded
    mask = mask.clone()
    mask[2] = False
    hidden = encoder.train(training)(ids, mask)
    hidden.square().sum().backward()
    assert hidden.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_inputs_are_not_changed(encoder: BertEncoder, padded: tuple[Tensor, Tensor]) -> None:
    ids, mask = padded
    before = ids.clone(), mask.clone()
    encoder(ids, mask)
    assert torch.equal(ids, before[0]) and torch.equal(mask, before[1])


def test_evaluation_is_the_same_twice_and_training_is_not(encoder: BertEncoder, padded: tuple[Tensor, Tensor]) -> None:
    assert torch.equal(encoder(*padded), encoder(*padded))
    encoder.train()
    assert not torch.equal(encoder(*padded), encoder(*padded))


@for_each(("hidden_dropout", "attention_dropout"), [(0.5, 0.0), (0.0, 0.5)])
def test_each_dropout_acts_in_training(
    padded: tuple[Tensor, Tensor], hidden_dropout: float, attention_dropout: float
) -> None:
    shape = BertShape(vocabulary_size=40, width=16, layers=1, heads=2, inner_width=32)
    made = BertEncoder(shape, hidden_dropout=hidden_dropout, attention_dropout=attention_dropout)
    assert not torch.equal(made(*padded), made(*padded))


def test_without_dropout_training_computes_what_evaluation_does(padded: tuple[Tensor, Tensor]) -> None:
    shape = BertShape(vocabulary_size=40, width=16, layers=2, heads=2, inner_width=32)
    made = BertEncoder(shape, hidden_dropout=0.0, attention_dropout=0.0)
    assert torch.equal(made.train()(*padded), made.eval()(*padded))


def test_bfloat16_autocast_stays_near_float32(encoder: BertEncoder, padded: tuple[Tensor, Tensor]) -> None:
    exact = encoder(*padded)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = encoder(*padded)
    rough.float().sum().backward()
    torch.testing.assert_close(rough.float(), exact, atol=0.05, rtol=0)
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in encoder.parameters())


def test_the_same_seed_draws_the_same_weights_whatever_the_global_generator() -> None:
    shape = BertShape(vocabulary_size=40, width=16, layers=2, heads=2, inner_width=32)
    first = initialised(shape, 3)
    torch.rand(100)
    second, other = initialised(shape, 3), initialised(shape, 4)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert not torch.equal(first.embeddings.word.weight, other.embeddings.word.weight)


def test_initial_weights_are_berts() -> None:
    made = initialised(BertShape(vocabulary_size=1000, width=64, layers=1, heads=2, inner_width=256), 0)
    words = made.embeddings.word.weight
    assert words.std().item() == pytest.approx(0.02, rel=0.02)  # 64,000 draws
    assert words.abs().max().item() > 0.06  # a plain normal, not cut at two deviations
    assert all(p.eq(0).all() for name, p in made.named_parameters() if name.endswith("bias"))
    assert all(p.eq(1).all() for name, p in made.named_parameters() if name.endswith("norm.weight"))


def test_a_shallow_encoder_starts_as_the_lower_part_of_a_deep_one() -> None:
    sizes = {"vocabulary_size": 40, "width": 16, "heads": 2, "inner_width": 32}
    shallow, deep = (initialised(BertShape(layers=layers, **sizes), 3) for layers in (1, 3))
    whole = deep.state_dict()
    assert all(torch.equal(tensor, whole[name]) for name, tensor in shallow.state_dict().items())


def test_more_tokens_than_positions_names_both_and_the_way_out(encoder: BertEncoder) -> None:
    ids = torch.ones(1, 25, dtype=torch.long)
    with pytest.raises(
        BackboneError, match=r"at most 24 tokens .* got 25\. Cut it when it is tokenized, with max_tokens 24 or less"
    ):
        encoder(ids, ids)


def test_heads_that_do_not_divide_the_width_and_sizes_below_one_are_refused() -> None:
    with pytest.raises(BackboneError, match="heads must divide the width, got 3 heads and width 16"):
        BertEncoder(BertShape(vocabulary_size=40, width=16, layers=1, heads=3, inner_width=32))
    with pytest.raises(BackboneError, match="at least 1, got layers=0"):
        BertShape(vocabulary_size=40, width=16, layers=0, heads=2, inner_width=32)


def test_words_that_are_given_are_read_in_place_of_those_looked_up(
    encoder: BertEncoder, padded: tuple[Tensor, Tensor]
) -> None:
    words = encoder.embeddings.word(padded[0])
    assert torch.equal(encoder(*padded, embedded=words), encoder(*padded))
    other = padded[0].flip(1)
    words = encoder.embeddings.word(other)
    assert torch.equal(encoder(*padded, embedded=words), encoder(other, padded[1]))
