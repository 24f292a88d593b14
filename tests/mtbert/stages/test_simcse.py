"""Both SimCSE stages on a tiny model: what is contrasted, under which dropout, and that the loss falls."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.config.stages import SimcseSupervisedConfig, SimcseUnsupervisedConfig
from mtbert.data.batching import random_batches
from mtbert.data.texts import TRIPLET_TEXTS
from mtbert.data.tokenize import Prepared
from mtbert.encoder.attention import SelfAttention
from mtbert.errors import DataError
from mtbert.model import MultitaskModel
from mtbert.stages import simcse_supervised, simcse_unsupervised
from mtbert.stages.contrastive import contrastive_loss
from mtbert.stages.pretraining import dropout_of


@pytest.fixture
def model(staged: RunConfig, data: Prepared) -> MultitaskModel:
    return build_model(staged, data.vocabulary_size)


@pytest.fixture
def vivid(model: MultitaskModel) -> MultitaskModel:
    """Words and attention so large that sentence vectors, nearly the same in an untrained model, differ."""
    with torch.no_grad():
        model.encoder.embeddings.word.weight.mul_(50)
        for layer in model.encoder.layers:
            layer.attention.qkv.weight.mul_(20)
            layer.attention.output.weight.mul_(20)
    return model


def vectors(model: MultitaskModel, data: Prepared, name: str, count: int) -> Tensor:
    """Sentence vectors of the first sentences of a corpus, one at a time, so without padding."""
    rows = [torch.from_numpy(np.array(data.texts[name][i], dtype=np.int64))[None] for i in range(count)]
    model.eval()
    with torch.no_grad():
        return torch.cat([model.vectors(row, torch.ones_like(row, dtype=torch.bool)) for row in rows])


def test_the_unsupervised_loss_contrasts_each_sentence_with_itself(vivid: MultitaskModel, data: Prepared) -> None:
    found = vectors(vivid, data, "tasks", 6)
    config = SimcseUnsupervisedConfig(sentences=6, batch_size=6, dropout=0.0, learning_rate=1e-12, temperature=0.5)
    (loss,) = simcse_unsupervised.run(vivid, config, data, 0).losses
    assert loss == pytest.approx(float(contrastive_loss(found, found, 0.5)), rel=1e-3)


def test_the_supervised_loss_contrasts_premises_with_entailments_and_contradictions(
    vivid: MultitaskModel, data: Prepared
) -> None:
    premises, entailed, contradicted = (vectors(vivid, data, f"nli.{c}", 6) for c in ("sent0", "sent1", "hard_neg"))
    config = SimcseSupervisedConfig(triplets=6, batch_size=6, dropout=0.0, learning_rate=1e-12, alpha=2.0)
    (loss,) = simcse_supervised.run(vivid, config, data, 0).losses
    assert loss == pytest.approx(float(contrastive_loss(premises, entailed, 0.05, contradicted, 2.0)), rel=1e-3)


def test_dropout_makes_the_two_passes_differ(vivid: MultitaskModel, data: Prepared) -> None:
    found = vectors(vivid, data, "tasks", 6)
    config = SimcseUnsupervisedConfig(sentences=6, batch_size=6, dropout=0.3, learning_rate=1e-12)
    (loss,) = simcse_unsupervised.run(vivid, config, data, 0).losses
    assert loss != pytest.approx(float(contrastive_loss(found, found, 0.05)), rel=1e-2)


def repeated(data: Prepared, name: str, order: list[int]) -> Prepared:
    """The same data with these sentences of a corpus."""
    return replace(data, texts={**data.texts, name: data.texts[name].take(np.array(order))})


def test_equal_sentences_are_not_each_others_negatives(vivid: MultitaskModel, data: Prepared) -> None:
    order = [0, 1, 2, 0, 3, 1]
    found = vectors(vivid, data, "tasks", 4)[order]
    config = SimcseUnsupervisedConfig(sentences=6, batch_size=6, dropout=0.0, learning_rate=1e-12, temperature=0.5)
    (loss,) = simcse_unsupervised.run(vivid, config, repeated(data, "tasks", order), 0).losses
    similar = torch.exp(torch.cosine_similarity(found[:, None], found[None], dim=-1) / 0.5)
    by_hand = [
        -torch.log(similar[i, i] / sum(similar[i, j] for j in range(6) if j == i or order[j] != order[i]))
        for i in range(6)
    ]
    assert loss == pytest.approx(float(sum(by_hand)) / 6, rel=1e-3)


def test_what_a_premise_entails_elsewhere_in_the_batch_is_not_its_negative(
    vivid: MultitaskModel, data: Prepared
) -> None:
    premises, entailed, contradicted = TRIPLET_TEXTS
    # The same premise twice with other entailments, and twice the same entailment; its contradictions are left.
    changed = repeated(repeated(data, premises, [0, 0, 2, 3]), entailed, [0, 1, 2, 2])
    changed = repeated(changed, contradicted, [0, 1, 2, 3])
    a, p, n = (vectors(vivid, changed, name, 4) for name in TRIPLET_TEXTS)
    config = SimcseSupervisedConfig(triplets=4, batch_size=4, dropout=0.0, learning_rate=1e-12, temperature=0.5)
    (loss,) = simcse_supervised.run(vivid, config, changed, 0).losses
    similar = torch.exp(torch.cosine_similarity(a[:, None], torch.cat([p, n])[None], dim=-1) / 0.5)
    left_out = {(0, 1), (1, 0), (2, 3), (3, 2)}
    by_hand = [
        -torch.log(similar[i, i] / sum(similar[i, j] for j in range(8) if (i, j) not in left_out)) for i in range(4)
    ]
    assert loss == pytest.approx(float(sum(by_hand)) / 4, rel=1e-3)


@pytest.mark.parametrize("stage", [simcse_unsupervised, simcse_supervised])
def test_the_batches_are_random_draws_whatever_the_lengths(
    stage: ModuleType, model: MultitaskModel, data: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []
    monkeypatch.setattr(stage, "fit", lambda model, trained, how, batches_of, loss_of: found.append(batches_of) or [])
    config = SimcseUnsupervisedConfig() if stage is simcse_unsupervised else SimcseSupervisedConfig()
    stage.run(model, config, data, 0)
    count = len(data.texts["tasks" if stage is simcse_unsupervised else TRIPLET_TEXTS[0]])
    expected = random_batches(count, 3, np.random.default_rng(7))
    assert [list(batch) for batch in found[0](3, np.random.default_rng(7))] == [list(batch) for batch in expected]


@pytest.mark.parametrize("projection", [False, True])
def test_the_unsupervised_loss_falls(model: MultitaskModel, data: Prepared, projection: bool) -> None:
    config = SimcseUnsupervisedConfig(
        sentences=8, batch_size=4, epochs=10, learning_rate=1e-3, dropout=0.1, projection=projection
    )
    losses = simcse_unsupervised.run(model, config, data, 0).losses
    assert losses[-1] < losses[0]


def test_the_supervised_loss_falls(model: MultitaskModel, data: Prepared) -> None:
    config = SimcseSupervisedConfig(triplets=8, batch_size=4, epochs=4, learning_rate=1e-3, dropout=0.0)
    losses = simcse_supervised.run(model, config, data, 0).losses
    assert losses[-1] < losses[0]


def test_the_pooling_of_the_run_is_used_and_trained(staged: RunConfig, data: Prepared) -> None:
    config = parse({**staged.model_dump(mode="json"), "pooling": "attention"})
    model, before = (build_model(config, data.vocabulary_size) for _ in range(2))
    simcse_unsupervised.run(model, SimcseUnsupervisedConfig(sentences=8, batch_size=4), data, 0)
    pairs = zip(model.pooling.parameters(), before.pooling.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_no_layer_of_the_stage_stays_in_the_model(model: MultitaskModel, data: Prepared) -> None:
    names = set(model.state_dict())
    simcse_unsupervised.run(model, SimcseUnsupervisedConfig(sentences=8, batch_size=8, projection=True), data, 0)
    assert set(model.state_dict()) == names


def test_a_sentence_alone_in_its_batch_is_left_out(model: MultitaskModel, data: Prepared) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = simcse_unsupervised.run(model, SimcseUnsupervisedConfig(sentences=1, batch_size=8), data, 0).losses
    assert losses == (0.0,)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_dropouts_are_those_of_the_stage_inside_and_the_models_own_after(model: MultitaskModel) -> None:
    def found() -> set[float]:
        plain = {module.p for module in model.encoder.modules() if isinstance(module, nn.Dropout)}
        return plain | {m.attention_dropout for m in model.encoder.modules() if isinstance(m, SelfAttention)}

    assert found() == {0.1}
    with dropout_of(model.encoder, 0.3):
        assert found() == {0.3}
    assert found() == {0.1}
    with dropout_of(model.encoder, None):
        assert found() == {0.1}


def test_each_task_gets_what_was_learned_where_each_has_an_encoder(staged: RunConfig, data: Prepared) -> None:
    config = parse({**staged.model_dump(mode="json"), "encoder": {"shared": False}, "fine_tune_first": None})
    model = build_model(config, data.vocabulary_size)
    simcse_supervised.run(model, SimcseSupervisedConfig(triplets=8, batch_size=8), data, 0)
    first, *others = (encoder.state_dict() for encoder in model.encoders())
    assert len(others) == 2
    assert all(torch.equal(value, other[name]) for other in others for name, value in first.items())


def test_data_prepared_without_triplets_is_refused(model: MultitaskModel, data: Prepared) -> None:
    with pytest.raises(DataError, match=r"without the sentences of nli.sent0"):
        simcse_supervised.run(model, SimcseSupervisedConfig(), replace(data, texts={}), 0)
