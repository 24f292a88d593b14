"""What a launch does before its first run; the data is tokenized by the first launch alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtbert.data.prepared import load_prepared
from mtbert.data.tokenize import Prepared
from mtbert.errors import BackboneError
from study.resolve import resolve
from study.trainers.bert import trainer
from study.trainers.bert.preparation import Checked, check_all, describe_data, prepare
from study.trainers.bert.trainer import MultitaskBert

GIVEN: dict[str, object] = {"backbone": "tiny", "space": "full_ablation", "budget": "smoke", "train_examples": 16}


@pytest.fixture(scope="module")
def checked() -> Checked:
    return check_all(resolve(GIVEN, None))


def assert_equal(one: Prepared, other: Prepared) -> None:
    assert (one.fingerprint, one.tokenizer_json, one.pad_id) == (other.fingerprint, other.tokenizer_json, other.pad_id)
    assert one.splits.keys() == other.splits.keys() and one.texts.keys() == other.texts.keys()
    for key, split in one.splits.items():
        assert np.array_equal(split.first.values, other.splits[key].first.values)
        assert np.array_equal(split.labels, other.splits[key].labels)
    for name, rows in one.texts.items():
        assert np.array_equal(rows.values, other.texts[name].values)


@pytest.mark.parametrize("backbone", ["tiny", "bilstm"])
def test_more_layers_than_the_backbone_has_are_refused_before_the_data_is_read(backbone: str) -> None:
    with pytest.raises(BackboneError, match=f"between 1 and 2 for backbone '{backbone}', got 3"):
        check_all(resolve({**GIVEN, "backbone": backbone, "layers": 3, "data": "no such folder"}, None))


def test_a_resumed_study_does_not_tokenize_again(checked: Checked, tokenized: list[int], tmp_path: Path) -> None:
    first = prepare(checked, tmp_path / "prepared")
    assert sum(tokenized) >= sum(len(split) for split in first.splits.values())
    assert first.texts  # the space asks for sentences, and those are kept too
    tokenized.clear()
    again = prepare(checked, tmp_path / "prepared")
    assert tokenized == []
    assert_equal(again, first)
    assert describe_data(checked, again) == describe_data(checked, first)


def test_data_that_is_damaged_is_made_again(checked: Checked, tokenized: list[int], tmp_path: Path) -> None:
    first = prepare(checked, tmp_path / "prepared")
    (tmp_path / "prepared" / "sst.dev.first.values.npy").unlink()
    tokenized.clear()
    assert_equal(prepare(checked, tmp_path / "prepared"), first)
    assert tokenized != []
    assert_equal(load_prepared(tmp_path / "prepared"), first)


def test_other_data_under_the_same_name_replaces_it(checked: Checked, tokenized: list[int], tmp_path: Path) -> None:
    other = check_all(resolve({**GIVEN, "space": "pooling", "train_examples": 8}, None))
    prepare(other, tmp_path / "prepared")
    tokenized.clear()
    prepared = prepare(checked, tmp_path / "prepared")
    assert tokenized != [] and len(prepared.splits["sst", "train"]) == 16
    assert_equal(load_prepared(tmp_path / "prepared"), prepared)


def test_the_records_say_what_leaks_and_how_many_triplets_there_are(checked: Checked, tmp_path: Path) -> None:
    told = describe_data(checked, prepare(checked, tmp_path / "prepared"))
    assert told["leaking_rows"] == {"sst": 0, "quora": 857, "sts": 1} == told["leaking_rows_of_own_splits"]
    assert told["triplets"] == {"simcse_supervised": told["sentences"]["nli.sent0"]} != {"simcse_supervised": 0}


@pytest.mark.slow
def test_a_launch_is_told_what_leaks_and_how_many_triplets_there_are(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of real data: of what was made up nobody has to judge that."""

    def notes(space: object, *, made_up: bool) -> tuple[str, ...]:
        corpus = replace(checked.corpus, made_up=made_up)
        monkeypatch.setattr(trainer, "check_all", lambda settings: replace(check_all(settings), corpus=corpus))
        return MultitaskBert(resolve({**GIVEN, "space": space}, None)).facts.notes

    told, count = notes(GIVEN["space"], made_up=False), len(checked.sentences.texts["nli.sent0"])
    assert told[0].startswith("quora: dropped 857 train rows")
    assert told[2].startswith(f"simcse_supervised has {count} triplets; ")
    without = notes("pooling", made_up=False)
    assert told[:2] == without[:2] and not any("triplets" in note for note in without)
    assert not any("dropped" in note or "triplets" in note for note in notes("pooling", made_up=True))
