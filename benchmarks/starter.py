"""A starter-style training loop, written for comparison: what a course's skeleton does, with nothing tuned.

BERT with attention by hand, one forward for each sentence of a pair, random batches padded to their longest sentence,
plain AdamW, and SMART where it is asked for (its formulas are `mtbert`'s, its passes the loop's). It computes the same
function as `mtbert`'s encoder, from the same weights: `check` says so. A BiLSTM is torch's in both, so there it is the
same encoder that is trained so plainly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtbert import components
from mtbert.config.parts import TrainableConfig
from mtbert.data.tokenize import TokenizedSplit
from mtbert.encoder.abstract import AbstractEncoder
from mtbert.encoder.bert import BertEncoder
from mtbert.regularizers.smart import DEVIATION, SmartRegularizer, change, divergence
from mtbert.tasks.abstract import AbstractTask


class StarterLayer(nn.Module):
    """A BERT layer, as it is printed."""

    def __init__(self, width: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output, self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, inner), nn.Linear(inner, width)
        self.attention_norm, self.output_norm = (nn.LayerNorm(width, eps=epsilon) for _ in range(2))
        self.dropout = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` (rows, tokens, width), `mask` (rows, 1, 1, tokens), 0 or a large negative number."""
        query, key, value = (self._by_head(part(hidden)) for part in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + mask
        mixed = self.dropout(scores.softmax(dim=-1)) @ value
        merged = mixed.transpose(1, 2).contiguous().view(hidden.shape)
        attended = self.attention_norm(hidden + self.dropout(self.output(merged)))
        result: Tensor = self.output_norm(attended + self.dropout(self.outer(F.gelu(self.inner(attended)))))
        return result

    def _by_head(self, wide: Tensor) -> Tensor:
        rows, tokens, width = wide.shape
        return wide.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2)


class StarterModel(nn.Module, ABC):
    """An encoder with a head for each task: `outputs` of the first token's state, of both sentences' for pairs."""

    layers: nn.ModuleList

    def __init__(self, width: int, outputs: Mapping[str, int], pairs: frozenset[str]) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(width * (2 if task in pairs else 1), size) for task, size in outputs.items()}
        )

    @abstractmethod
    def encode(self, ids: Tensor, mask: Tensor, words: Tensor | None = None) -> Tensor:
        """The first token's state (rows, width) of token numbers (rows, tokens); `mask` is 1 for real ones.

        `words` (rows, tokens, width) stand in for their embeddings.
        """

    def forward(self, task: str, *sentences: tuple[Tensor, ...]) -> Tensor:
        """Outputs of the task; one forward a sentence."""
        result: Tensor = self.heads[task](self.dropout(torch.cat([self.encode(*one) for one in sentences], dim=-1)))
        return result

    @abstractmethod
    def words(self, ids: Tensor) -> Tensor:
        """Embeddings (rows, tokens, width) of token numbers (rows, tokens)."""

    def freeze(self, trainable: TrainableConfig) -> None:
        """Train everything, the last layers and the heads, or the heads alone (there are no adapters)."""
        self.requires_grad_(trainable.name == "all")
        self.heads.requires_grad_(True)
        if trainable.layers is not None:
            self.layers[-trainable.layers :].requires_grad_(True)


class StarterBert(StarterModel):
    """BERT, as it is printed."""

    def __init__(self, encoder: BertEncoder, outputs: Mapping[str, int], pairs: frozenset[str]) -> None:
        shape = encoder.shape
        super().__init__(shape.width, outputs, pairs)
        self.word = nn.Embedding(shape.vocabulary_size, shape.width)
        self.position = nn.Embedding(shape.positions, shape.width)
        self.token_type = nn.Embedding(shape.token_types, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.layer_norm_epsilon)
        sizes = (shape.width, shape.heads, shape.inner_width, shape.layer_norm_epsilon)
        self.layers = nn.ModuleList(StarterLayer(*sizes) for _ in range(shape.layers))
        self.load_state_dict(_renamed(encoder.state_dict()), strict=False)

    def encode(self, ids: Tensor, mask: Tensor, words: Tensor | None = None) -> Tensor:
        """See `StarterModel`."""
        positions = torch.arange(ids.shape[1])[None].expand_as(ids)
        words = self.word(ids) if words is None else words
        hidden = self.dropout(self.norm(words + self.position(positions) + self.token_type(torch.zeros_like(ids))))
        away = (1.0 - mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            hidden = layer(hidden, away)
        first: Tensor = hidden[:, 0]
        return first

    def words(self, ids: Tensor) -> Tensor:
        """See `StarterModel`."""
        found: Tensor = self.word(ids)
        return found


class StarterBilstm(StarterModel):
    """A BiLSTM."""

    def __init__(self, encoder: AbstractEncoder, outputs: Mapping[str, int], pairs: frozenset[str]) -> None:
        super().__init__(encoder.width, outputs, pairs)
        self.encoder, self.layers = encoder, encoder.layers

    def encode(self, ids: Tensor, mask: Tensor, words: Tensor | None = None) -> Tensor:
        """See `StarterModel`."""
        result: Tensor = self.encoder(ids, mask, embedded=words)[:, 0]
        return result

    def words(self, ids: Tensor) -> Tensor:
        """See `StarterModel`."""
        found: Tensor = self.encoder.embeddings.word(ids)
        return found


class StarterLoop:
    """The loop's parts, apart so that each can be timed: `backward` of a batch, `update`, and `outputs`."""

    def __init__(
        self,
        encoder: AbstractEncoder,
        splits: Mapping[str, TokenizedSplit],
        trainable: TrainableConfig | None = None,
        learning_rate: float = 1e-5,
    ) -> None:
        """`splits` are those of the tasks to train on; `trainable` None: everything."""
        self.splits = splits
        self.tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in splits}
        outputs = {name: task.outputs for name, task in self.tasks.items()}
        pairs = frozenset(name for name, split in splits.items() if split.second is not None)
        if isinstance(encoder, BertEncoder):
            self.model: StarterModel = StarterBert(encoder, outputs, pairs)
            first = next(iter(splits.values())).first
            check(self.model, encoder, [first[i].tolist() for i in range(min(4, len(first)))])
        else:
            self.model = StarterBilstm(encoder, outputs, pairs)
        self.model.freeze(trainable or TrainableConfig())
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=learning_rate)
        self.rng = np.random.default_rng(0)

    def backward(self, name: str, size: int, smart: SmartRegularizer | None = None) -> None:
        """Gradients of the loss on a random batch of a task, with SMART's penalty where it is given."""
        self.model.train()
        split = self.splits[name]
        chosen = self.rng.choice(len(split), size, replace=False)
        labels = torch.from_numpy(np.array(split.labels[chosen]))
        sentences = _sentences(split, chosen)
        outputs = self.model(name, *sentences)
        loss = self.tasks[name].loss(outputs, labels)
        if smart is not None:
            loss = loss + self._penalty(name, sentences, outputs, smart)
        loss.backward()  # type: ignore[no-untyped-call]

    def _penalty(
        self, name: str, sentences: Sequence[tuple[Tensor, Tensor]], outputs: Tensor, smart: SmartRegularizer
    ) -> Tensor:
        """SMART's, with two more passes through the model; what `same_dropout` and `bregman` ask beside is left out."""
        task = self.tasks[name]
        words: list[Tensor] = [self.model.words(ids) for ids, _ in sentences]
        noise = [(torch.randn_like(each) * DEVIATION).requires_grad_() for each in words]

        def outputs_for(changed: Sequence[Tensor]) -> Tensor:
            result: Tensor = self.model(name, *((*one, each) for one, each in zip(sentences, changed, strict=True)))
            return result

        near = outputs_for([each.detach() + n for each, n in zip(words, noise, strict=True)])
        gradients = torch.autograd.grad(divergence(task, near, outputs.detach()), noise)
        deltas = [
            change(n.detach(), gradient, smart.radius, smart.step, smart.perturbation)
            for n, gradient in zip(noise, gradients, strict=True)
        ]
        far = outputs_for([each + delta for each, delta in zip(words, deltas, strict=True)])
        return smart.weight * divergence(task, far, outputs)

    def update(self) -> None:
        """A step of the optimizer."""
        self.optimizer.step()
        self.optimizer.zero_grad()

    @torch.no_grad()
    def outputs(self, name: str, split: TokenizedSplit, size: int) -> Tensor:
        """What the model gives for a random batch of a split of a task."""
        self.model.eval()
        chosen = self.rng.choice(len(split), size, replace=False)
        result: Tensor = self.model(name, *_sentences(split, chosen))
        return result


def _sentences(split: TokenizedSplit, chosen: np.ndarray) -> list[tuple[Tensor, Tensor]]:
    columns = [split.first] if split.second is None else [split.first, split.second]
    return [padded([column[int(i)].tolist() for i in chosen]) for column in columns]


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token numbers and mask, as wide as the longest row."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask


@torch.no_grad()
def check(starter: StarterModel, encoder: BertEncoder, rows: Sequence[Sequence[int]]) -> None:
    """Both encoders must give the same states; raises AssertionError where they do not."""
    ids, mask = padded(rows)
    starter.eval()
    torch.testing.assert_close(starter.encode(ids, mask), encoder.eval()(ids, mask)[:, 0], rtol=1e-3, atol=1e-4)


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The encoder's tensors under the names of this file; queries, keys and values apart."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        name = name.removeprefix("embeddings.").replace(".attention.output.", ".output.")
        if ".attention.qkv." in name:
            for part, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                renamed[name.replace("attention.qkv", part)] = piece
        else:
            renamed[name] = tensor
    return renamed
