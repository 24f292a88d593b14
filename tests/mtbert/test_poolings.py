"""Each pooling's numbers, worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mtbert.poolings.attention import AttentionPooling
from mtbert.poolings.cls import ClsPooling
from mtbert.poolings.cls_pooler import ClsPoolerPooling
from mtbert.poolings.max import MaxPooling
from mtbert.poolings.mean import MeanPooling

HIDDEN = torch.tensor([[[1.0, -8.0], [3.0, -2.0], [100.0, 100.0]]])
MASK = torch.tensor([[True, True, False]])


def test_cls_is_the_first_token() -> None:
    assert ClsPooling()(HIDDEN, MASK).tolist() == [[1.0, -8.0]]


def test_mean_ignores_padding() -> None:
    assert MeanPooling()(HIDDEN, MASK).tolist() == [[2.0, -5.0]]


def test_max_ignores_padding_also_where_all_values_are_negative() -> None:
    assert MaxPooling()(HIDDEN, MASK).tolist() == [[3.0, -2.0]]


def test_cls_pooler_is_tanh_of_the_checkpoints_layer_on_the_first_token() -> None:
    weight, bias = torch.tensor([[0.5, 0.0], [1.0, 0.25]]), torch.tensor([0.0, 2.0])
    pooling = ClsPoolerPooling(width=2, pooler=(weight, bias))
    # 0.5 * 1 = 0.5; 1 * 1 + 0.25 * -8 + 2 = 1
    assert pooling(HIDDEN, MASK)[0].tolist() == pytest.approx([math.tanh(0.5), math.tanh(1.0)])


def test_cls_pooler_copies_the_checkpoints_layer() -> None:
    weight = torch.eye(2)
    pooling = ClsPoolerPooling(width=2, pooler=(weight, torch.zeros(2)))
    with torch.no_grad():
        pooling.dense.weight.add_(1.0)
    assert torch.equal(weight, torch.eye(2))


def test_cls_pooler_without_a_checkpoint_starts_as_bert_did() -> None:
    torch.manual_seed(0)
    dense = ClsPoolerPooling(width=200, pooler=None).dense
    assert dense.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert not dense.bias.any()


def test_attention_weighs_real_tokens_by_their_product_with_the_query() -> None:
    pooling = AttentionPooling(width=2)
    with torch.no_grad():
        pooling.query.copy_(torch.tensor([math.sqrt(2) * math.log(3) / 2, 0.0]))
    # scores 1 and 3 times log(3)/2, so the second weighs 3 times the first: 1/4 and 3/4
    assert pooling(HIDDEN, MASK)[0].tolist() == pytest.approx([2.5, -3.5], rel=1e-5)


def test_attention_starts_as_the_mean() -> None:
    assert AttentionPooling(width=2)(HIDDEN, MASK).tolist() == MeanPooling()(HIDDEN, MASK).tolist()
