"""Each pooling's numbers, worked out by hand."""

from __future__ import annotations

import torch

from mtbert.poolings.cls import ClsPooling
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
