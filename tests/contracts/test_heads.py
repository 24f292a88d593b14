"""Laws that every head keeps; a new file in mtbert/heads is tested the moment it exists."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mtbert import components
from mtbert.heads.abstract import AbstractHead

WIDTH = 6


def build(name: str, outputs: int, scale: tuple[float, float] | None) -> AbstractHead:
    torch.manual_seed(0)
    facts = {"width": WIDTH, "outputs": outputs, "dropout": 0.5, "scale": scale}
    built: AbstractHead = components.build("heads", name, {}, **facts)
    return built


def variants() -> list[tuple[str, int, tuple[float, float] | None]]:
    """Every head with every kind of task it can serve."""
    result: list[tuple[str, int, tuple[float, float] | None]] = []
    for name in components.names("heads"):
        reads = components.load("heads", name).reads  # type: ignore[attr-defined]
        result += (
            [(name, 5, None), (name, 2, None)]
            if reads == "sentence"
            else [(name, 1, None), (name, 1, (0.0, 5.0)), (name, 1, (1.0, 5.0))]
        )
    return result


@pytest.fixture(params=variants(), ids=str)
def variant(request: pytest.FixtureRequest) -> tuple[str, int, tuple[float, float] | None]:
    chosen: tuple[str, int, tuple[float, float] | None] = request.param
    return chosen


def vectors(head: AbstractHead, rows: int = 4, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    count = 1 if head.reads == "sentence" else 2
    return [torch.randn(rows, WIDTH, generator=generator).to(dtype) for _ in range(count)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 4])
def test_gives_the_tasks_outputs(
    variant: tuple[str, int, tuple[float, float] | None], rows: int, dtype: torch.dtype
) -> None:
    head = build(*variant).to(dtype).eval()
    outputs = head(*vectors(head, rows, dtype))
    assert outputs.shape == (rows, variant[1]) and outputs.isfinite().all()


def test_evaluation_has_no_dropout(variant: tuple[str, int, tuple[float, float] | None]) -> None:
    head = build(*variant).eval()
    inputs = vectors(head)
    assert torch.equal(head(*inputs), head(*inputs))


def test_inputs_are_not_changed(variant: tuple[str, int, tuple[float, float] | None]) -> None:
    head = build(*variant)
    inputs = vectors(head)
    before = [vector.clone() for vector in inputs]
    head(*inputs)
    assert all(torch.equal(now, then) for now, then in zip(inputs, before, strict=True))


def test_gradients_reach_every_sentence(variant: tuple[str, int, tuple[float, float] | None]) -> None:
    head = build(*variant).eval()
    inputs = [vector.requires_grad_() for vector in vectors(head)]
    head(*inputs).square().sum().backward()
    assert all(vector.grad is not None and vector.grad.any() for vector in inputs)


def test_state_survives_a_round_trip(variant: tuple[str, int, tuple[float, float] | None]) -> None:
    head, other = build(*variant).eval(), build(*variant).eval()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(1.0)
    other.load_state_dict(head.state_dict())
    inputs = vectors(head)
    assert torch.equal(head(*inputs), other(*inputs))


def test_has_parameters_where_it_says_that_it_learns(variant: tuple[str, int, tuple[float, float] | None]) -> None:
    head = build(*variant)
    assert any(True for _ in head.parameters()) == (variant[2] is None or head.learns_on_scale)
