"""Laws that every head keeps; a new file in mtbert/heads is tested the moment it exists."""

from __future__ import annotations

import torch
from cases import for_each
from torch import Tensor

from mtbert import components
from mtbert.heads.abstract import AbstractHead

WIDTH = 6
Variant = tuple[str, int, tuple[float, float] | None]  # its name, outputs and scale


def build(name: str, outputs: int, scale: tuple[float, float] | None) -> AbstractHead:
    torch.manual_seed(0)
    facts = {"width": WIDTH, "outputs": outputs, "dropout": 0.5, "scale": scale}
    built: AbstractHead = components.build("heads", name, {}, **facts)
    return built


def variants() -> list[Variant]:
    """Every head with every kind of task it can serve."""
    result: list[Variant] = []
    for name in components.names("heads"):
        reads = components.load("heads", name).reads  # type: ignore[attr-defined]
        result += (
            [(name, 5, None), (name, 2, None)]
            if reads == "sentence"
            else [(name, 1, None), (name, 1, (0.0, 5.0)), (name, 1, (1.0, 5.0))]
        )
    return result


every_head = for_each("variant", variants())


def vectors(head: AbstractHead, rows: int = 4, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    count = 1 if head.reads == "sentence" else 2
    return [torch.randn(rows, WIDTH, generator=generator).to(dtype) for _ in range(count)]


@every_head
@for_each("dtype", [torch.float32, torch.bfloat16])
@for_each("rows", [1, 4])
def test_gives_the_tasks_outputs(variant: Variant, rows: int, dtype: torch.dtype) -> None:
    head = build(*variant).to(dtype).eval()
    outputs = head(*vectors(head, rows, dtype))
    assert outputs.shape == (rows, variant[1]) and outputs.isfinite().all()


@every_head
def test_inputs_are_not_changed_and_evaluation_has_no_dropout(variant: Variant) -> None:
    head = build(*variant)
    inputs = vectors(head)
    before = [vector.clone() for vector in inputs]
    head(*inputs)
    assert all(torch.equal(now, then) for now, then in zip(inputs, before, strict=True))
    head.eval()
    assert torch.equal(head(*inputs), head(*inputs))


@every_head
def test_gradients_reach_every_sentence(variant: Variant) -> None:
    head = build(*variant).eval()
    inputs = [vector.requires_grad_() for vector in vectors(head)]
    head(*inputs).square().sum().backward()
    assert all(vector.grad is not None and vector.grad.any() for vector in inputs)


@every_head
def test_state_survives_a_round_trip(variant: Variant) -> None:
    head, other = build(*variant).eval(), build(*variant).eval()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(1.0)
    other.load_state_dict(head.state_dict())
    inputs = vectors(head)
    assert torch.equal(head(*inputs), other(*inputs))


@every_head
def test_has_parameters_where_it_says_that_it_learns(variant: Variant) -> None:
    head = build(*variant)
    assert any(True for _ in head.parameters()) == (variant[2] is None or head.learns_on_scale)
