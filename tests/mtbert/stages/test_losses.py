"""What a stage tells: its line for people, and the same back from plain data."""

from __future__ import annotations

from mtbert.stages.losses import LN_VOCABULARY, NO_CONTEXT, UNIGRAM_ENTROPY, StageLosses

REFERENCES = {UNIGRAM_ENTROPY: 6.41, LN_VOCABULARY: 10.326}


def test_a_line_has_the_first_and_the_last_loss_beside_the_references() -> None:
    assert StageLosses((6.9, 6.1, 5.8), REFERENCES).sentence("mlm") == (
        "mlm: loss 6.90 in the first epoch, 5.80 in the last (unigram entropy 6.41, ln vocabulary 10.33)."
    )
    assert StageLosses((0.7,)).sentence("fine_tune_first") == "fine_tune_first: loss 0.70 in the first epoch."


def test_a_last_loss_that_is_not_below_the_unigram_entropy_is_said() -> None:
    for last in (6.41, 7.98):
        assert StageLosses((6.0, last), REFERENCES).sentence("mlm").endswith(NO_CONTEXT)


def test_plain_data_give_the_same_back() -> None:
    told = StageLosses((2.0, 1.0), {"ln_candidates": 3.4})
    assert StageLosses.from_json(told.as_json()) == told
