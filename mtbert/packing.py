"""Packed batches: layers compute the real tokens alone; padding is added where attention needs rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtbert.device import moved


@dataclass(frozen=True, eq=False)
class Packing:
    """The places of the real tokens of a padded batch (rows, tokens); packed, they follow each other row by row.

    `places` int64 (real tokens,) are their numbers in the flattened batch, ascending. `firsts` int64 (rows,) are the
    places of the rows' first tokens in the packed batch. `visible` bool (rows, 1, 1, tokens) says which tokens the
    tokens of a row attend to, in the shape that every layer needs: the row's real tokens.

    A row without real tokens has no place, and the first token of another row. It attends to all of its padding: a
    softmax over nothing would be NaN, and NaN would spread to every gradient of the batch.
    """

    places: Tensor
    firsts: Tensor
    visible: Tensor

    @property
    def rows(self) -> int:
        """The number of sentences."""
        return self.visible.shape[0]

    @property
    def tokens(self) -> int:
        """The width of the padded batch."""
        return self.visible.shape[-1]

    def to(self, device: torch.device | str) -> Packing:
        """Return the same packing on `device`, without waiting for the copy."""
        return Packing(*(moved(part, device) for part in (self.places, self.firsts, self.visible)))

    def pack(self, padded: Tensor) -> Tensor:
        """Return the real tokens (real tokens, ...) of a padded batch (rows, tokens, ...)."""
        packed: Tensor = _Pack.apply(padded.flatten(0, 1), self.places)  # type: ignore[no-untyped-call]
        return packed

    def pad(self, packed: Tensor) -> Tensor:
        """Return the padded batch (rows, tokens, ...) of real tokens (real tokens, ...), with zeros at padding."""
        size = self.rows * self.tokens
        padded: Tensor = _Pad.apply(packed, self.places, size)  # type: ignore[no-untyped-call]
        return padded.view(self.rows, self.tokens, *packed.shape[1:])


def packing_of_array(mask: NDArray[np.bool_]) -> Packing:
    """Return the packing, on the CPU, of a mask (rows, tokens) that is on the CPU: nothing waits for a device."""
    lengths = mask.sum(axis=1)  # (rows,)
    places = np.flatnonzero(mask)
    firsts = np.minimum(lengths.cumsum() - lengths, len(places) - 1)
    visible = (mask | (lengths == 0)[:, None])[:, None, None, :]
    return Packing(torch.from_numpy(places), torch.from_numpy(firsts), torch.from_numpy(visible))


def packing_of(attention_mask: Tensor) -> Packing:
    """Return the packing of a mask (rows, tokens), bool or 0/1 int.

    On a GPU this waits for the device, because only the device knows how many tokens are real. For a mask on the CPU,
    move the result of `packing_of_array`.
    """
    real = attention_mask.bool()
    places = real.flatten().nonzero().squeeze(1)
    lengths = real.sum(dim=1)  # (rows,)
    firsts = (lengths.cumsum(0) - lengths).clamp(max=len(places) - 1)
    return Packing(places, firsts, (real | (lengths == 0)[:, None])[:, None, None, :])


class _Pack(torch.autograd.Function):
    """Rows of a matrix by number, no number twice, so that the gradient needs no sums."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.size = len(padded)
        return padded.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        padded: Tensor = _Pad.apply(gradient, places, ctx.size)  # type: ignore[no-untyped-call]
        return padded, None


class _Pad(torch.autograd.Function):
    """The inverse of `_Pack`: the rows at their numbers, zeros elsewhere."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, places: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(places)
        return packed.new_zeros(size, *packed.shape[1:]).index_copy_(0, places, packed)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        packed: Tensor = _Pack.apply(gradient, *ctx.saved_tensors)  # type: ignore[no-untyped-call]
        return packed, None, None
