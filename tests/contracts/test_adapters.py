"""Laws that every adapter keeps; a new file in mtbert/adapters is tested the moment it exists."""

from __future__ import annotations

import copy

import torch
from cases import for_each
from torch import Tensor

from mtbert import components
from mtbert.adapters.abstract import TaskAdapter
from mtbert.encoder.bert import BertEncoder, BertShape

SHAPE = BertShape(vocabulary_size=40, width=16, layers=3, heads=2, inner_width=32, positions=24)


def plain() -> BertEncoder:
    """An encoder whose layer norms scale and shift, one dimension of the last by nothing, as trained ones do."""
    encoder = BertEncoder(SHAPE)
    generator = torch.Generator().manual_seed(7)
    encoder.initialise(generator)
    with torch.no_grad():
        for layer in encoder.layers:
            for norm in (layer.attention_norm, layer.output_norm):
                norm.weight.uniform_(0.3, 1.5, generator=generator)
                norm.bias.normal_(0.0, 0.2, generator=generator)
        encoder.layers[-1].output_norm.weight[3] = 0.0
    return encoder.eval()


def new(name: str, seed: int = 0) -> TaskAdapter:
    torch.manual_seed(seed)
    facts = {
        "encoder_width": SHAPE.width,
        "layers": SHAPE.layers,
        "heads": SHAPE.heads,
        "inner_width": SHAPE.inner_width,
        "layer_norm_epsilon": SHAPE.layer_norm_epsilon,
    }
    return TaskAdapter({name: components.build("adapters", name, {}, **facts)}).eval()


def moved(name: str) -> TaskAdapter:
    """As after some training: away from zero."""
    adapter = new(name)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return adapter


def sentences(lengths: tuple[int, ...] = (9, 4, 1)) -> tuple[Tensor, Tensor]:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    ids = torch.randint(5, SHAPE.vocabulary_size, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids.masked_fill(~mask, 0), mask


every_adapter = for_each("name", components.names("adapters"))


@every_adapter
def test_the_model_starts_as_the_encoder_also_after_that_was_trained_alone(name: str) -> None:
    ids, mask = sentences()
    for scale in (1.0, 1.3):
        encoder = plain()
        with torch.no_grad():
            for parameter in encoder.parameters():
                parameter.mul_(scale)
        torch.testing.assert_close(encoder(ids, mask, new(name)), encoder(ids, mask), rtol=0, atol=1e-5)


@every_adapter
def test_once_moved_it_changes_every_real_token(name: str) -> None:
    ids, mask = sentences()
    difference = plain()(ids, mask, moved(name)) - plain()(ids, mask)
    assert (difference.abs().amax(-1)[mask] > 1e-4).all()


@every_adapter
def test_a_step_of_gradient_descent_moves_it_away_from_the_start(name: str) -> None:
    encoder, adapter = plain(), new(name).train()
    ids, mask = sentences()
    before = encoder(ids, mask, adapter)
    (before * torch.randn(before.shape, generator=torch.Generator().manual_seed(3))).sum().backward()
    with torch.no_grad():
        for parameter in adapter.parameters():
            if parameter.grad is not None:
                parameter.sub_(parameter.grad / parameter.grad.abs().max().clamp(min=1e-9), alpha=0.1)
    assert (encoder(ids, mask, adapter) - before).abs().max() > 1e-4


@every_adapter
@for_each("dtype", [torch.float32, torch.bfloat16])
@for_each("lengths", [(9, 4, 1), (6,), (1,)])
def test_gives_states_in_the_encoders_shape_and_precision(
    name: str, lengths: tuple[int, ...], dtype: torch.dtype
) -> None:
    ids, mask = sentences(lengths)
    hidden = plain().to(dtype)(ids, mask, moved(name).to(dtype))
    assert hidden.shape == (*ids.shape, SHAPE.width) and hidden.dtype == dtype and hidden.isfinite().all()


@every_adapter
def test_what_stands_at_padding_changes_no_real_token(name: str) -> None:
    ids, mask = sentences()
    other = ids.masked_fill(~mask, 11)
    encoder, adapter = plain(), moved(name)
    assert torch.equal(encoder(ids, mask, adapter)[mask], encoder(other, mask, adapter)[mask])


@every_adapter
def test_a_sentence_does_not_see_its_neighbours_nor_its_padding(name: str) -> None:
    ids, mask = sentences()
    encoder, adapter = plain(), moved(name)
    alone = encoder(ids[1:2, :4], mask[1:2, :4], adapter)
    torch.testing.assert_close(alone, encoder(ids, mask, adapter)[1:2, :4], rtol=1e-4, atol=1e-5)


@every_adapter
def test_neither_inputs_nor_the_encoder_are_changed(name: str) -> None:
    encoder, (ids, mask) = plain(), sentences()
    words = encoder.embeddings.word(ids).detach()
    inputs = (ids, mask, words)
    before, weights = copy.deepcopy(inputs), copy.deepcopy(encoder.state_dict())
    encoder(ids, mask, moved(name), words)
    assert all(torch.equal(now, then) for now, then in zip(inputs, before, strict=True))
    assert all(torch.equal(tensor, weights[key]) for key, tensor in encoder.state_dict().items())


@every_adapter
def test_there_is_no_dropout_in_it(name: str) -> None:
    encoder, adapter = plain(), moved(name).train()
    assert torch.equal(encoder(*sentences(), adapter), encoder(*sentences(), adapter))


@every_adapter
def test_gradients_reach_all_of_it_and_the_words(name: str) -> None:
    encoder, adapter = plain(), moved(name)
    ids, mask = sentences()
    words = encoder.embeddings.word(ids).detach().requires_grad_()
    encoder(ids, mask, adapter, words)[mask].pow(3).sum().backward()
    assert words.grad is not None and words.grad[mask].any() and not words.grad[~mask].any()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in adapter.parameters())


@every_adapter
def test_state_survives_a_round_trip(name: str) -> None:
    adapter, other = moved(name), new(name, seed=5)
    other.load_state_dict(adapter.state_dict())
    assert torch.equal(plain()(*sentences(), adapter), plain()(*sentences(), other))


@every_adapter
def test_the_same_seed_draws_the_same_and_parameters_are_named_after_it(name: str) -> None:
    assert all(key.startswith(f"{name}.") for key, _ in new(name).named_parameters())
    one, again, other = (list(new(name, seed).parameters()) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    drawn = [(a, b) for a, b in zip(one, other, strict=True) if (a != a.flatten()[0]).any()]  # not all zeros, or ones
    assert not drawn or not all(torch.equal(a, b) for a, b in drawn)
