from __future__ import annotations

import math

import torch

from mtbert.encoder.attention import SelfAttention
from mtbert.packing import packing_of


def test_one_head_equals_the_formula_worked_out_by_hand() -> None:
    """Query, key and value are the input itself: weights are softmax(x x' / sqrt(2))."""
    attention = SelfAttention(width=2, heads=1, attention_dropout=0.0)
    with torch.no_grad():
        attention.qkv.weight.copy_(torch.eye(2).repeat(3, 1))
        attention.output.weight.copy_(torch.eye(2))
        attention.qkv.bias.zero_()
        attention.output.bias.zero_()
    hidden = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    own = math.exp(1 / math.sqrt(2))
    share = own / (own + 1)  # what a token takes of itself
    expected = torch.tensor([[share, 1 - share], [1 - share, share]])
    packing = packing_of(torch.ones(1, 2))
    torch.testing.assert_close(attention(hidden, packing), expected)


def test_heads_do_not_mix_before_the_output_matrix() -> None:
    attention = SelfAttention(width=4, heads=2, attention_dropout=0.0)
    with torch.no_grad():
        attention.qkv.weight.copy_(torch.eye(4).repeat(3, 1))
        attention.qkv.bias.zero_()
        attention.output.weight.copy_(torch.eye(4))
        attention.output.bias.zero_()
    hidden = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    packing = packing_of(torch.ones(1, 3))
    changed = hidden.clone()
    changed[..., 2:] += 1  # the second head's part
    assert torch.equal(attention(hidden, packing)[..., :2], attention(changed, packing)[..., :2])
