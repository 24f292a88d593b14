"""`--vary train` from flag to report: planted parts of the variance are found, and a run is repeated to the bit."""

from __future__ import annotations

import json
import threading

import pandas as pd
import pytest
from place import SMALL, Place

from results.database.database import open_database
from study.trainers.rehearsal.worker import SEED_NOISE, SENTENCE_NOISE
from study.web.cards import Cards

REHEARSED = ("--space", "pooling", "--rehearse", "--vary", "train", "--trials", "3", "--confirm", "1", "--epochs", "1")


def sources(place: Place, name: str) -> pd.DataFrame:
    table = pd.read_csv(place.folder / "runs" / name / "tables" / "variance_sources.csv", keep_default_na=False)
    return table[table["task"] == ""].set_index(["minus", "source"]).sort_index()


def cells(place: Place) -> list[tuple[str, ...]]:
    return place.rows("select name, config_digest from cell where design = 'variance' order by name")


def test_the_best_and_the_baseline_run_again_on_the_sentences_of_the_first_seed(place: Place) -> None:
    done = place.call(*REHEARSED, "--seeds", "3", "--ablations", "1", "--name", "v", "--phases", "search,confirm")
    assert done.returncode == 0, done.stdout + done.stderr
    ((first, *others),) = [json.loads(place.rows("select settings_json from study_meta")[0][0])["seed_list"]]
    digests = [digest for _, digest in cells(place)]
    assert len(digests) == 2
    runs = place.rows("select config_digest, seed, phase from run")
    assert sorted((d, s) for d, s, _ in runs if d in digests) == sorted((d, s) for d in digests for s in others)
    assert {phase for d, _, phase in runs if d in digests} == {"ablate"}
    configs = place.rows("select config_json from cell where design = 'variance'")
    assert {json.loads(text)["common"]["subset_seed"] for (text,) in configs} == {first}
    before = place.rows("select count(*), max(id) from run")
    with open_database(f"sqlite:///{place.database}") as database:
        (card,) = Cards(database, "v", threading.Lock(), lambda _: None).all()
    assert card.answer is not None and card.answer.progress[-1] == "ablate: 4 of 4 runs"
    assert place.call("--name", "v", "--phases", "confirm,ablate").returncode == 0
    more = place.rows("select count(*), max(id) from run")
    assert more == [(before[0][0] + 3, before[0][1] + 3)]  # a change of the best, and nothing that there is already
    assert [digest for _, digest in cells(place)] == digests


def test_a_grid_has_them_after_its_rows(place: Place) -> None:
    asked = ("--space", "sankhe_table4", "--rehearse", "--vary", "train", "--seeds", "2", "--name", "g")
    done = place.call(*asked, "--phases", "confirm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(cells(place)) == 2
    digests = [digest for _, digest in cells(place)]
    assert place.rows("select config_digest, count(*) from run where phase = 'ablate' group by 1 order by 1") == [
        (digest, 1) for digest in sorted(digests)
    ]


@pytest.mark.slow
def test_planted_parts_of_the_variance_are_found(place: Place) -> None:
    asked = ("--seeds", "40", "--dev-examples", "2000", "--name", "p")
    done = place.call(*REHEARSED, *asked, "--phases", "search,confirm,report")
    assert done.returncode == 0, done.stdout + done.stderr
    table = sources(place, "p")
    assert {len(ids.split()) for ids in table.xs("training sentences", level="source")["run_ids"]} == {79, 158}
    planted = {"": 2**0.5 * SENTENCE_NOISE}  # one effect that all share, one of its own
    planted |= {minus: 2**0.5 * SENTENCE_NOISE for minus, _ in table.index if minus}  # two of their own
    for minus, deviation in planted.items():
        row = table.loc[minus, "training sentences"]
        assert row["deviation_low"] <= deviation <= row["deviation_high"] < 2 * deviation, row
    seeds, sentences = (table.loc["", source] for source in ("seeds", "training sentences"))
    assert SEED_NOISE < seeds["deviation"] < 1.5 * SEED_NOISE  # with the part that single examples have in it
    assert sentences["deviation_low"] > 0


@pytest.mark.slow
def test_a_run_on_its_own_sentences_is_repeated_to_the_bit_by_the_training_command(place: Place) -> None:
    done = place.call(*SMALL, "--space", "pooling", "--vary", "train", "--trials", "2", "--seeds", "2", "--name", "s")
    assert done.returncode == 0, done.stdout + done.stderr
    designs = "select config_digest from cell where design = 'variance' or design = 'baseline'"
    runs = place.rows(
        f"select config_json, seed, score from run where phase <> 'search' and config_digest in ({designs})"
    )
    assert len(runs) == 4 and len({score for _, _, score in runs}) == 4
    for text, seed, score in runs:
        (place.folder / "config.json").write_text(text)
        again = place.call("--config", "config.json", "--seed", str(seed), "--json", module="mtbert.train")
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["score"] == score
    folders = {path.name for path in (place.folder / "runs" / "s").glob("prepared*")}
    seeds = json.loads(place.rows("select settings_json from study_meta")[0][0])["seed_list"]
    assert folders == {"prepared", *(f"prepared-{seed}" for seed in seeds)}
