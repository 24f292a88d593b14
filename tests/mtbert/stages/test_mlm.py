"""Masked language modelling: which tokens are chosen, what becomes of them, and that the loss is theirs alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.config.stages import MlmConfig
from mtbert.data.tokenize import Prepared
from mtbert.encoder.tiny_vocabulary import SPECIAL_TOKENS
from mtbert.errors import DataError
from mtbert.random_streams import numpy_stream, torch_stream
from mtbert.stages import mlm
from mtbert.stages.mlm import Vocabulary, mask_tokens, vocabulary_of

MASK = 4
VOCABULARY = Vocabulary(MASK, np.arange(5, 105))
# 2,000 sentences: [CLS], 18 words, [SEP], then padding.
IDS = np.concatenate(
    [
        np.full((2000, 1), 2),
        np.random.default_rng(0).integers(5, 105, (2000, 18)),
        np.full((2000, 1), 3),
        np.zeros((2000, 4), int),
    ],
    axis=1,
)


def test_special_tokens_and_padding_are_never_chosen_nor_changed() -> None:
    changed, chosen = mask_tokens(IDS, VOCABULARY, 0.9, np.random.default_rng(1))
    special = IDS < 5
    assert not chosen[special].any()
    assert (changed[special] == IDS[special]).all()


def test_fifteen_percent_of_the_words_are_chosen() -> None:
    _, chosen = mask_tokens(IDS, VOCABULARY, 0.15, np.random.default_rng(1))
    words = 2000 * 18
    # Four standard deviations of a binomial.
    assert chosen.sum() / words == pytest.approx(0.15, abs=4 * (0.15 * 0.85 / words) ** 0.5)


def test_of_the_chosen_eighty_percent_are_masked_ten_random_ten_as_they_were() -> None:
    changed, chosen = mask_tokens(IDS, VOCABULARY, 0.5, np.random.default_rng(1))
    before, after, count = IDS[chosen], changed[chosen], chosen.sum()
    masked, same = after == MASK, after == before
    tolerance = 4 * (0.8 * 0.2 / count) ** 0.5
    assert masked.mean() == pytest.approx(0.8, abs=tolerance)
    # One in a hundred random words is the old one.
    assert same.mean() == pytest.approx(0.1 + 0.1 / 100, abs=tolerance)
    assert (~masked & ~same).mean() == pytest.approx(0.1 * 99 / 100, abs=tolerance)


def test_random_words_are_any_but_special_ones() -> None:
    changed, chosen = mask_tokens(IDS, VOCABULARY, 0.5, np.random.default_rng(1))
    drawn = changed[chosen & (changed != IDS) & (changed != MASK)]
    assert set(drawn.tolist()) == set(range(5, 105))


def test_tokens_that_were_not_chosen_stay_and_the_input_is_not_written_to() -> None:
    given = IDS.copy()
    changed, chosen = mask_tokens(given, VOCABULARY, 0.15, np.random.default_rng(1))
    assert (changed[~chosen] == IDS[~chosen]).all() and (given == IDS).all()


def test_the_vocabulary_of_a_tokenizer_leaves_special_tokens_out(data: Prepared) -> None:
    found, tokenizer = vocabulary_of(data.tokenizer_json), Tokenizer.from_str(data.tokenizer_json)
    assert found.mask_id == tokenizer.token_to_id("[MASK]")
    assert len(found.ordinary) == data.vocabulary_size - 5
    assert not {tokenizer.token_to_id(t) for t in SPECIAL_TOKENS} & set(found.ordinary.tolist())


def test_a_tokenizer_without_mask_is_refused() -> None:
    with pytest.raises(DataError, match=r"\[MASK\]"):
        vocabulary_of('{"version":"1.0","model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}')


def test_the_loss_is_the_cross_entropy_of_the_chosen_tokens_alone(staged: RunConfig, data: Prepared) -> None:
    """The first epoch of one batch at a rate of almost zero, against the formula written out."""
    config = MlmConfig(
        corpora="tasks", max_sentences=6, batch_size=6, epochs=1, learning_rate=1e-12, dropout=0.0, head="untied"
    )
    model = build_model(staged, data.vocabulary_size)
    for module in model.encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for layer in model.encoder.layers:
        layer.attention.attention_dropout = 0.0  # type: ignore[union-attr, assignment]

    rows = [data.texts["tasks"][i].tolist() for i in range(6)]
    # One batch holds all six, so only their order is open: the same as the stage draws it.
    shuffled = numpy_stream(3, "mlm", "batches", 1).permutation(6)
    order = shuffled[np.argsort([len(rows[i]) for i in shuffled], kind="stable")]
    width = max(len(row) for row in rows)
    ids = np.array([rows[i] + [data.pad_id] * (width - len(rows[i])) for i in order])
    changed, chosen = mask_tokens(ids, vocabulary_of(data.tokenizer_json), 0.15, numpy_stream(3, "mlm", "draws", 1))
    with torch_stream(3, "mlm", "output layer"):
        weights = torch.nn.Linear(model.encoder.width, data.vocabulary_size, bias=False).weight
        torch.nn.init.normal_(weights, std=0.02)
    with torch.no_grad():
        hidden = model.encoder(torch.from_numpy(changed), torch.from_numpy(ids != data.pad_id))
        told = []
        for row, column in zip(*np.nonzero(chosen), strict=True):
            log_probabilities = F.log_softmax(weights @ hidden[row, column], dim=0)
            told.append(-float(log_probabilities[ids[row, column]]))

    (loss,) = mlm.run(model, config, data, 3).losses
    assert len(told) > 3
    assert loss == pytest.approx(sum(told) / len(told), rel=1e-5)


def test_the_loss_falls_and_the_encoder_alone_is_trained(staged: RunConfig, data: Prepared) -> None:
    model, before = build_model(staged, data.vocabulary_size), build_model(staged, data.vocabulary_size)
    config = MlmConfig(corpora="tasks", max_sentences=30, epochs=4, learning_rate=1e-3, head="untied")
    losses = mlm.run(model, config, data, 0).losses
    assert len(losses) == 4 and losses[-1] < losses[0]
    assert any(
        not torch.equal(one, other)
        for one, other in zip(model.encoder.parameters(), before.encoder.parameters(), strict=True)
    )
    assert all(
        torch.equal(one, other) for one, other in zip(model.heads.parameters(), before.heads.parameters(), strict=True)
    )


def test_data_prepared_without_the_sentences_is_refused(staged: RunConfig, data: Prepared) -> None:
    model = build_model(staged, data.vocabulary_size)
    with pytest.raises(DataError, match="without the sentences of in_domain"):
        mlm.run(model, MlmConfig(), replace(data, texts={}), 0)
