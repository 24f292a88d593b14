from __future__ import annotations

import torch
from torch.nn import functional

from mtbert.encoder.embeddings import BertEmbeddings
from mtbert.encoder.layer import BertLayer
from mtbert.packing import packing_of


def layer(hidden_dropout: float = 0.0) -> BertLayer:
    return BertLayer(
        width=4, heads=2, inner_width=8, hidden_dropout=hidden_dropout, attention_dropout=0.0, layer_norm_epsilon=1e-12
    )


def test_layer_norm_comes_after_each_addition() -> None:
    """With zero output matrices a layer is LN(LN(h)): nothing is added, and both norms act."""
    made = layer()
    with torch.no_grad():
        for linear in (made.attention.output, made.outer):
            linear.weight.zero_()
            linear.bias.zero_()
    hidden = torch.tensor([[3.0, -1.0, 2.0, 8.0]])
    expected = functional.layer_norm(functional.layer_norm(hidden, (4,)), (4,))
    torch.testing.assert_close(made(hidden, packing_of(torch.ones(1, 1))), expected, atol=1e-4, rtol=0)


def test_gelu_is_the_exact_one() -> None:
    """GELU(1) = 0.841345 by the error function; the tanh formula gives 0.841192."""
    made = layer()
    with torch.no_grad():
        for linear in (made.attention.output, made.inner, made.outer):
            linear.weight.zero_()
            linear.bias.zero_()
        made.inner.bias.fill_(1.0)
        made.outer.weight[0, 0] = 1.0
        made.attention_norm.weight.zero_()
        made.output_norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    seen: list[torch.Tensor] = []
    made(torch.zeros(1, 4), packing_of(torch.ones(1, 1)))
    torch.testing.assert_close(seen[0], torch.tensor([[0.841345, 0.0, 0.0, 0.0]]), atol=1e-6, rtol=0)


def test_hidden_dropout_falls_before_the_addition() -> None:
    """Dropout of everything leaves LN(LN(h)): the way around the blocks is never dropped."""
    made = layer(hidden_dropout=1.0).train()
    hidden = torch.tensor([[3.0, -1.0, 2.0, 8.0]])
    expected = functional.layer_norm(functional.layer_norm(hidden, (4,)), (4,))
    torch.testing.assert_close(made(hidden, packing_of(torch.ones(1, 1))), expected, atol=1e-4, rtol=0)


def test_embeddings_add_word_position_and_the_first_token_type() -> None:
    made = BertEmbeddings(
        vocabulary_size=5, width=4, positions=3, token_types=2, hidden_dropout=0.0, layer_norm_epsilon=1e-12
    )
    total = made.word.weight[3] + made.position.weight[1] + made.token_type.weight[0]
    expected = functional.layer_norm(total, (4,))
    found = made(torch.tensor([[2, 3]]), packing_of(torch.ones(1, 2)))[1]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)  # close numbers: the norm blows rounding up
