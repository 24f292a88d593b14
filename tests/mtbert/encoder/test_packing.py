"""Packed batches: real tokens alone, in the order of the rows, and back."""

from __future__ import annotations

import torch

from mtbert.encoder.bert import BertEncoder
from mtbert.packing import packing_of

MASK = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, 1]])


def test_real_tokens_follow_each_other_row_by_row() -> None:
    packing = packing_of(MASK)
    assert packing.places.tolist() == [0, 1, 3, 6, 7, 8]
    assert packing.firsts.tolist() == [0, 2, 3]
    assert (packing.rows, packing.tokens) == (3, 3)
    assert packing.visible[:, 0, 0].tolist() == MASK.bool().tolist()


def test_padding_again_gives_zeros_where_there_was_padding() -> None:
    packing, values = packing_of(MASK), torch.randn(3, 3, 2, generator=torch.Generator().manual_seed(0))
    packed = packing.pack(values)
    assert torch.equal(packed, values[MASK.bool()])
    assert torch.equal(packing.pad(packed), values * MASK[..., None])


def test_gradients_go_the_same_way() -> None:
    packing = packing_of(MASK)
    values = torch.randn(3, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(packing.pack, values)
    packed = packing.pack(values).detach().requires_grad_()
    assert torch.autograd.gradcheck(packing.pad, packed)
    assert torch.autograd.gradgradcheck(packing.pad, packed)


def test_a_row_with_no_real_token_sees_its_padding() -> None:
    packing = packing_of(torch.tensor([[False, False], [True, False], [False, False]]))
    assert packing.visible[:, 0, 0].tolist() == [[True, True], [True, False], [True, True]]
    assert packing.places.tolist() == [2]
    assert packing.firsts.tolist() == [0, 0, 0]


def test_the_first_tokens_alone_are_what_they_are_among_all(
    encoder: BertEncoder, padded: tuple[torch.Tensor, torch.Tensor]
) -> None:
    whole, first = encoder(*padded), encoder(*padded, first_only=True)
    assert first.shape == (len(whole), 1, encoder.width)
    torch.testing.assert_close(first, whole[:, :1])
    gradients = [
        torch.autograd.grad(states[:, 0].pow(3).sum(), list(encoder.parameters())) for states in (whole, first)
    ]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_packing_that_is_given_is_that_of_the_mask(
    encoder: BertEncoder, padded: tuple[torch.Tensor, torch.Tensor]
) -> None:
    assert torch.equal(encoder(*padded, packing=packing_of(padded[1])), encoder(*padded))
