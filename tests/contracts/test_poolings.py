"""Laws that every pooling keeps; a new file in mtbert/poolings is tested the moment it exists."""

from __future__ import annotations

import torch
from cases import for_each
from torch import Tensor

from mtbert import components
from mtbert.poolings.abstract import AbstractPooling

WIDTH = 6
POOLER = (torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(5)), torch.full((WIDTH,), 0.5))


def build(name: str) -> AbstractPooling:
    """A pooling whose parameters, where it has any, are none of the special values they may start from."""
    built: AbstractPooling = components.build("poolings", name, {}, width=WIDTH, pooler=POOLER)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return built


every_pooling = for_each(("name", "pooling"), components.names("poolings"), lambda name: (name, build(name)))


def sentences(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    hidden = torch.randn(3, 5, WIDTH, generator=torch.Generator().manual_seed(0)).to(dtype)
    mask = torch.arange(5)[None, :] < torch.tensor([5, 3, 1])[:, None]  # 5, 3 and 1 real tokens
    return hidden, mask


@every_pooling
@for_each("dtype", [torch.float32, torch.bfloat16])
def test_gives_one_vector_a_sentence_in_the_same_precision(pooling: AbstractPooling, dtype: torch.dtype) -> None:
    hidden, mask = sentences(dtype)
    vectors = pooling.to(dtype)(hidden, mask)
    assert vectors.shape == (3, WIDTH) and vectors.dtype == dtype


@every_pooling
def test_neither_what_padding_holds_nor_more_of_it_changes_the_result(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    other = torch.where(mask.unsqueeze(-1), hidden, torch.full_like(hidden, 1e4))
    assert torch.equal(pooling(hidden, mask), pooling(other, mask))
    wider = torch.cat([hidden, torch.full((3, 2, WIDTH), 7.0)], dim=1)
    wider_mask = torch.cat([mask, torch.zeros(3, 2, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(pooling(wider, wider_mask), pooling(hidden, mask))


@every_pooling
def test_a_pooling_that_reads_the_first_only_says_so(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    alone = torch.allclose(pooling(hidden[:, :1], mask[:, :1]), pooling(hidden, mask))
    assert alone == pooling.first_only


@every_pooling
def test_a_sentence_does_not_see_its_neighbours(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    torch.testing.assert_close(pooling(hidden[1:2], mask[1:2]), pooling(hidden, mask)[1:2])


@every_pooling
def test_inputs_are_not_changed(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    before = hidden.clone(), mask.clone()
    pooling(hidden, mask)
    assert torch.equal(hidden, before[0]) and torch.equal(mask, before[1])


@every_pooling
def test_a_row_without_a_real_token_gives_numbers(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    assert pooling(hidden, torch.zeros_like(mask)).isfinite().all()


@every_pooling
def test_gradients_reach_every_parameter_and_real_tokens_alone(pooling: AbstractPooling) -> None:
    hidden, mask = sentences()
    pooling(hidden.requires_grad_(), mask).square().sum().backward()
    assert hidden.grad is not None and not hidden.grad[~mask].any() and hidden.grad[mask].any()
    assert all(p.grad is not None and p.grad.any() for p in pooling.parameters())


@every_pooling
def test_state_survives_a_round_trip(name: str, pooling: AbstractPooling) -> None:
    other = components.build("poolings", name, {}, width=WIDTH, pooler=None)
    other.load_state_dict(pooling.state_dict())
    assert torch.equal(pooling(*sentences()), other(*sentences()))


@every_pooling
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    built = []
    for _ in range(2):
        torch.manual_seed(3)
        built.append(components.build("poolings", name, {}, width=WIDTH, pooler=None))
    assert torch.equal(built[0](*sentences()), built[1](*sentences()))


@every_pooling
def test_has_parameters_where_it_asks_for_the_width(name: str, pooling: AbstractPooling) -> None:
    # A configuration is refused, or not, by what a pooling asks for.
    assert any(True for _ in pooling.parameters()) == ("width" in components.facts("poolings", name))
