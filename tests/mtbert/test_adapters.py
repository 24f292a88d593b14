"""Each adapter against its formula, written out in plain matrix products."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from cases import for_each
from torch import Tensor
from torch.nn.functional import gelu

from mtbert import components
from mtbert.adapters.abstract import TaskAdapter
from mtbert.encoder.bert import BertEncoder, BertShape
from mtbert.packing import packing_of

SHAPE = BertShape(vocabulary_size=40, width=16, layers=2, heads=2, inner_width=32, positions=24)
FACTS = {"encoder_width": 16, "layers": 2, "heads": 2, "inner_width": 32, "layer_norm_epsilon": 1e-12}
BERT_BASE = {"encoder_width": 768, "layers": 12, "heads": 12, "inner_width": 3072, "layer_norm_epsilon": 1e-12}


def shaken(module: torch.nn.Module, seed: int) -> None:
    """Every parameter away from where it starts: biases, layer norms and zeros included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)


@pytest.fixture(scope="module")
def encoder() -> BertEncoder:
    made = BertEncoder(SHAPE)
    made.initialise(torch.Generator().manual_seed(7))
    shaken(made, seed=8)
    return made.eval()


def adapters(**settings: Mapping[str, object]) -> TaskAdapter:
    torch.manual_seed(0)
    made = TaskAdapter({name: components.build("adapters", name, given, **FACTS) for name, given in settings.items()})
    shaken(made, seed=9)
    return made


IDS = torch.randint(5, 40, (3, 7), generator=torch.Generator().manual_seed(1))
MASK = torch.arange(7) < torch.tensor([7, 4, 1])[:, None]


def attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Head after head, (batch, tokens, width) each."""
    parts = []
    for q, k, v in zip(query.chunk(heads, -1), key.chunk(heads, -1), value.chunk(heads, -1), strict=True):
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        parts.append(scores.masked_fill(~MASK[:, None, :], -math.inf).softmax(-1) @ v)
    return torch.cat(parts, -1)


def none(*_: object) -> float:
    return 0.0


class Reference:
    """post-LN BERT from an encoder's tensors, with a place for everything an adapter may add."""

    def __init__(
        self,
        query: Callable[[int, Tensor], Tensor | float] = none,
        value: Callable[[int, Tensor], Tensor | float] = none,
        attended: Callable[[int, Tensor], Tensor] = lambda _, x: x,
        fed: Callable[[int, Tensor], Tensor] = lambda _, x: x,
        beside: Callable[[int, Tensor], Tensor | float] = none,
    ) -> None:
        self.query, self.value, self.attended, self.fed, self.beside = query, value, attended, fed, beside

    def __call__(self, encoder: BertEncoder) -> Tensor:
        state, hidden = encoder.state_dict(), encoder.embeddings(IDS, packing_of(torch.ones_like(IDS)))
        hidden = hidden.view(*IDS.shape, -1)
        for i in range(len(encoder.layers)):
            p = {key.removeprefix(f"layers.{i}."): t for key, t in state.items() if key.startswith(f"layers.{i}.")}
            q, k, v = linear(p, "attention.qkv", hidden).chunk(3, -1)
            mixed = attention(q + self.query(i, hidden), k, v + self.value(i, hidden), SHAPE.heads)
            mixed = self.attended(i, linear(p, "attention.output", mixed))
            a = norm(p, "attention_norm", hidden + mixed)
            fed = self.fed(i, linear(p, "outer", gelu(linear(p, "inner", a))))
            hidden = norm(p, "output_norm", a + fed + self.beside(i, hidden))
        return hidden


def linear(state: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def norm(state: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    deviation = x.var(-1, correction=0, keepdim=True).sqrt()
    return (x - x.mean(-1, keepdim=True)) / deviation * state[f"{name}.weight"] + state[f"{name}.bias"]


def assert_same(encoder: BertEncoder, adapter: TaskAdapter, reference: Reference) -> None:
    torch.testing.assert_close(encoder(IDS, MASK, adapter)[MASK], reference(encoder)[MASK], rtol=1e-4, atol=1e-5)


def low_rank_of(state: Mapping[str, Tensor], name: str = "low_rank") -> Callable[[int, Tensor], Tensor]:
    return lambda i, h: linear(state, f"{name}.decode.{i}", linear(state, f"{name}.encode.{i}", h))


def pal_of(state: Mapping[str, Tensor], heads: int) -> Callable[[int, Tensor], Tensor]:
    def ts(i: int, h: Tensor) -> Tensor:
        q, k, v = linear(state, f"pal.qkv.{i}", linear(state, "pal.encode", h)).chunk(3, -1)
        return linear(state, "pal.decode", attention(q, k, v, heads))

    return ts


def test_the_reference_is_the_encoder(encoder: BertEncoder) -> None:
    torch.testing.assert_close(encoder(IDS, MASK)[MASK], Reference()(encoder)[MASK], rtol=1e-4, atol=1e-5)


@for_each(("width", "heads"), [(12, 12), (10, 10), (14, 7), (13, 1)])
def test_pal_is_a_small_attention_between_shared_maps(encoder: BertEncoder, width: int, heads: int) -> None:
    adapter = adapters(pal={"width": width})
    assert_same(encoder, adapter, Reference(beside=pal_of(adapter.state_dict(), heads)))


def test_pals_gelu_follows_the_last_map(encoder: BertEncoder) -> None:
    adapter = adapters(pal={"width": 12, "gelu": True})
    ts = pal_of(adapter.state_dict(), heads=12)
    assert_same(encoder, adapter, Reference(beside=lambda i, h: gelu(ts(i, h))))


def test_pal_has_twelve_heads_of_seventeen_as_it_comes() -> None:
    assert components.build("adapters", "pal", {}, **FACTS).heads == 12


def test_low_rank_is_two_maps_beside_each_layer(encoder: BertEncoder) -> None:
    adapter = adapters(low_rank={"width": 5})
    assert_same(encoder, adapter, Reference(beside=low_rank_of(adapter.state_dict())))


def test_low_ranks_gelu_stands_between_the_maps(encoder: BertEncoder) -> None:
    adapter = adapters(low_rank={"width": 5, "gelu": True})
    state = adapter.state_dict()

    def ts(i: int, h: Tensor) -> Tensor:
        return linear(state, f"low_rank.decode.{i}", gelu(linear(state, f"low_rank.encode.{i}", h)))

    assert_same(encoder, adapter, Reference(beside=ts))


def test_houlsby_follows_both_blocks_before_they_are_added(encoder: BertEncoder) -> None:
    adapter = adapters(houlsby={"width": 5})
    state = adapter.state_dict()

    def behind(where: str) -> Callable[[int, Tensor], Tensor]:
        name = f"houlsby.{where}"
        return lambda i, x: x + linear(state, f"{name}.{i}.decode", gelu(linear(state, f"{name}.{i}.encode", x)))

    assert_same(encoder, adapter, Reference(attended=behind("attention"), fed=behind("feed_forward")))


def test_lora_changes_queries_and_values(encoder: BertEncoder) -> None:
    adapter = adapters(lora={"rank": 3, "alpha": 6.0})
    state = adapter.state_dict()

    def change(part: str) -> Callable[[int, Tensor], Tensor]:
        return lambda i, h: 6.0 / 3 * h @ state[f"lora.{part}.{i}.a.weight"].T @ state[f"lora.{part}.{i}.b.weight"].T

    assert_same(encoder, adapter, Reference(query=change("query"), value=change("value")))


def test_top_layer_is_a_bert_layer_inside_the_last_norm(encoder: BertEncoder) -> None:
    adapter = adapters(top_layer={})
    last = encoder.layers[-1].output_norm
    standard = (Reference()(encoder) - last.bias) / last.weight
    state = {key.removeprefix("top_layer.layer."): t for key, t in adapter.state_dict().items()}
    mixed = attention(*linear(state, "attention.qkv", standard).chunk(3, -1), SHAPE.heads)
    a = norm(state, "attention_norm", standard + linear(state, "attention.output", mixed))
    top = norm(state, "output_norm", a + linear(state, "outer", gelu(linear(state, "inner", a))))
    expected = last.weight * top + last.bias
    torch.testing.assert_close(encoder(IDS, MASK, adapter)[MASK], expected[MASK], rtol=1e-3, atol=1e-4)


def test_of_several_adapters_what_they_add_is_summed(encoder: BertEncoder) -> None:
    adapter = adapters(pal={"width": 12}, low_rank={"width": 5})
    pal, low_rank = pal_of(adapter.state_dict(), heads=12), low_rank_of(adapter.state_dict())
    assert_same(encoder, adapter, Reference(beside=lambda i, h: pal(i, h) + low_rank(i, h)))


def test_a_top_layer_stands_on_what_the_others_changed(encoder: BertEncoder) -> None:
    both, alone = adapters(low_rank={"width": 5}, top_layer={}), adapters(low_rank={"width": 5})
    alone.load_state_dict({key: t for key, t in both.state_dict().items() if key.startswith("low_rank.")})
    state = {key: t for key, t in both.state_dict().items() if key.startswith("top_layer.")}
    top = adapters(top_layer={})
    top.load_state_dict(state)
    last = encoder.layers[-1].output_norm
    standard = (encoder(IDS, MASK, alone)[MASK] - last.bias) / last.weight
    expected = last.weight * top.top_layer.layer(standard, packing_of(MASK)) + last.bias
    torch.testing.assert_close(encoder(IDS, MASK, both)[MASK], expected, rtol=1e-3, atol=1e-4)


@for_each(
    ("name", "weights"),
    [  # Zhang, Table 1, for one task: the printed formulas at d = 768, d_s = 204, 12 layers
        ("pal", 2 * 768 * 204 + 12 * 3 * 204**2),
        ("low_rank", 12 * 2 * 768 * 204),
        ("houlsby", 12 * 4 * 768 * 204),
        ("top_layer", 12 * 768**2),
        ("lora", 12 * 4 * 768 * 8),  # Hu et al., Table 2: 0.3 million on RoBERTa-base
    ],
)
def test_has_as_many_weights_as_its_formula_says(name: str, weights: int) -> None:
    with torch.device("meta"):
        adapter = components.build("adapters", name, {}, **BERT_BASE)
    assert sum(p.numel() for p in adapter.parameters() if p.ndim > 1) == weights


@pytest.mark.slow  # for the import of both libraries; the formula is tested above
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of transformers, about what PEFT calls
def test_lora_is_pefts() -> None:
    peft = pytest.importorskip("peft", reason="the reference implementation of LoRA is not installed")
    transformers = pytest.importorskip("transformers")
    from mtbert.encoder.weights import load_into

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    theirs = transformers.BertModel(config, add_pooling_layer=False).eval()
    encoder = BertEncoder(BertShape(vocabulary_size=40, width=16, layers=2, heads=2, inner_width=32)).eval()
    load_into(encoder, theirs.state_dict()).require_complete("the reference")
    wrapped = peft.get_peft_model(theirs, peft.LoraConfig(r=3, lora_alpha=6, target_modules=["query", "value"])).eval()
    adapter = adapters(lora={"rank": 3, "alpha": 6.0})
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                layer, part, letter = (
                    name.split(".layer.")[1][0],
                    name.split(".self.")[1][:5],
                    name.split("lora_")[1][0],
                )
                parameter.copy_(adapter.state_dict()[f"lora.{part}.{layer}.{letter.lower()}.weight"])
    expected = wrapped(input_ids=IDS, attention_mask=MASK.long()).last_hidden_state
    torch.testing.assert_close(encoder(IDS, MASK, adapter)[MASK], expected[MASK], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(expected, encoder(IDS, MASK), atol=1e-2)
