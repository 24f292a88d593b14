"""What a study reads for pretraining: all that its space may ask for, once; less where the data has less."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from mtbert.config.stages import DOMAINS
from mtbert.data.examples import Corpus
from mtbert.data.load import load_corpus
from mtbert.data.prepared import load_prepared, save_prepared
from mtbert.data.texts import TRIPLET_TEXTS
from mtbert.errors import DataError
from mtbert.run import prepare_data
from results.database.rows import StageRow
from search_spaces import Space
from search_spaces.factors import FINE_TUNE_FIRST, MLM, POOLING, SIMCSE_SUPERVISED, SIMCSE_UNSUPERVISED, SINGLE_TASK
from search_spaces.grammar.choices import places
from search_spaces.grammar.pinning import pin
from study.execution.recording import result_of
from study.messages import Job, RunDone
from study.resolve import resolve
from study.trainers.bert.configuration import restricted, to_config
from study.trainers.bert.pretraining_texts import with_sentences
from study.trainers.bert.worker import run_job

SETTINGS = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 8}, None)
FACTORS = (POOLING, MLM, SIMCSE_UNSUPERVISED, SIMCSE_SUPERVISED, FINE_TUNE_FIRST, SINGLE_TASK)
SPACE = Space(name="stages", goal="Which stage helps?", factors=FACTORS)


@pytest.fixture(scope="module")
def demo() -> Corpus:
    return load_corpus("demo", ("sst", "quora", "sts"))


def test_all_that_a_configuration_of_the_space_may_ask_for_is_read(demo: Corpus) -> None:
    found = with_sentences(SPACE, SETTINGS, demo)
    assert set(found.texts) == {"in_domain", *DOMAINS, "tasks", *TRIPLET_TEXTS}
    # Three tasks of 8 examples.
    assert {len(rows) for rows in found.texts.values()} == {24}


def test_a_space_without_such_stages_reads_nothing(demo: Corpus) -> None:
    assert with_sentences(search_spaces.load("pooling"), SETTINGS, demo).texts == {}


def test_a_search_goes_without_a_stage_whose_sentences_the_data_does_not_have(demo: Corpus, tmp_path: Path) -> None:
    found = with_sentences(SPACE, SETTINGS, replace(demo, source=str(tmp_path)))
    assert set(found.left_out) == {"mlm", "simcse_unsupervised=wikipedia", "simcse_supervised"}
    assert "no in-domain sentences" in found.left_out["mlm"]
    names = [factor.name for factor in found.space.factors]
    assert names == ["pooling", "simcse_unsupervised", "fine_tune_first", "single_task"]
    assert set(found.texts) == {"tasks"}


def test_a_search_goes_without_the_levels_alone_whose_corpus_the_data_does_not_have(
    demo: Corpus, tmp_path: Path
) -> None:
    for name, line in (("neg", "a dull film"), ("pos", "a bright film")):
        (tmp_path / f"rt-polarity.{name}.txt").write_text(f"{line}\n", encoding="utf-8")
    found = with_sentences(SPACE, SETTINGS, replace(demo, source=str(tmp_path)))
    assert set(found.left_out) == {"mlm=paws", "mlm=sick", "simcse_unsupervised=wikipedia", "simcse_supervised"}
    assert "no sentences of sick (sick/SICK_train.txt)" in found.left_out["mlm=sick"]
    assert len(found.notes()) == 3 and not any("wikipedia" in note for note in found.notes())
    (levels,) = [factor.level_names() for factor in found.space.factors if factor.name == "mlm"]
    assert levels == ("none", "in_domain", "in_domain+tasks", "rotten_tomatoes")
    assert set(found.texts) == {"tasks", "in_domain", "rotten_tomatoes"}


def test_a_baseline_that_needs_missing_sentences_is_an_error(demo: Corpus, tmp_path: Path) -> None:
    pinned = pin(SPACE, ["mlm=in_domain"])
    with pytest.raises(DataError, match="no in-domain sentences"):
        with_sentences(pinned, SETTINGS, replace(demo, source=str(tmp_path)))


def test_a_grid_does_not_lose_rows_silently(demo: Corpus, tmp_path: Path) -> None:
    grid = replace(SPACE, design="grid", rows={"with": {"mlm": "in_domain"}, "plain": {}})
    with pytest.raises(DataError, match="no in-domain sentences"):
        with_sentences(grid, SETTINGS, replace(demo, source=str(tmp_path)))


WIKIPEDIA = {"simcse_unsupervised": "on", "simcse_unsupervised.on.corpus": "wikipedia"}
TABLE = Space(
    name="table",
    goal="Does SimCSE help?",
    design="grid",
    factors=(POOLING, SIMCSE_UNSUPERVISED),
    rows={"plain": {}, "with": WIKIPEDIA, "both": {**WIKIPEDIA, "pooling": "mean"}},
)


def corpora(space: Space) -> list[str | None]:
    configs = [to_config(space, space.complete(row), SETTINGS) for row in space.rows.values()]
    return [part.corpus if (part := config.simcse_unsupervised) else None for config in configs]


def test_rows_that_read_wikipedia_take_the_tasks_sentences_where_the_data_has_none_and_it_is_told(
    demo: Corpus, tmp_path: Path
) -> None:
    found = with_sentences(TABLE, SETTINGS, demo)
    assert corpora(TABLE) == [None, "wikipedia", "wikipedia"] and corpora(found.space) == [None, "tasks", "tasks"]
    assert set(found.texts) == {"tasks"}
    (told,) = found.notes()
    assert told.startswith("Rows with, both take simcse_unsupervised.on.corpus=tasks, because ")
    assert "--data demo has no sentences of Wikipedia (wiki1m_for_simcse.txt)" in told

    (tmp_path / "wiki1m_for_simcse.txt").write_text("A town in the north.\nA river.\n", encoding="utf-8")
    there = with_sentences(TABLE, SETTINGS, replace(demo, source=str(tmp_path)))
    assert there.space == TABLE and not there.notes() and len(there.texts["wikipedia"]) == 2


def test_who_asks_for_wikipedia_alone_is_told_that_there_is_none(demo: Corpus) -> None:
    for pins in (["simcse_unsupervised.on.corpus=wikipedia"], WIKIPEDIA):
        with pytest.raises(DataError, match="no sentences of Wikipedia"):
            with_sentences(pin(TABLE, pins), SETTINGS, demo)


def test_a_search_tries_the_corpora_that_there_are(demo: Corpus) -> None:
    found = with_sentences(SPACE, SETTINGS, demo)
    assert list(found.left_out) == ["simcse_unsupervised=wikipedia"]
    assert found.notes() == []  # nobody asked about a nuisance factor
    (levels,) = [p.factor.level_names() for p in places(found.space.factors) if p.factor.name == "corpus"]
    assert levels == ("tasks",)


def test_the_budget_scales_the_stages() -> None:
    settings = resolve({"backbone": "tiny", "budget": "standard", "epochs": 4, "train_examples": 100}, None)
    chosen = {
        "mlm": "in_domain",
        "simcse_unsupervised": "on",
        "simcse_supervised": "on",
        "fine_tune_first": "quora",
        "single_task": "on",
    }
    config = to_config(SPACE, SPACE.complete(chosen), settings)
    assert config.mlm and config.simcse_unsupervised and config.simcse_supervised
    assert config.fine_tune_first and config.single_task
    assert [config.mlm.epochs, config.fine_tune_first.epochs, config.single_task.epochs] == [4, 4, 4]
    assert config.simcse_unsupervised.epochs == config.simcse_supervised.epochs == 1
    assert config.mlm.max_sentences == config.simcse_unsupervised.sentences == config.simcse_supervised.triplets == 300


def test_where_all_examples_are_taken_a_stages_own_number_of_sentences_holds() -> None:
    settings = resolve({"backbone": "tiny", "budget": "full"}, None)
    config = to_config(SPACE, SPACE.complete({"mlm": "in_domain", "simcse_unsupervised": "on"}), settings)
    assert config.mlm is not None and config.mlm.max_sentences is None
    assert config.simcse_unsupervised is not None and config.simcse_unsupervised.sentences == 25_000


def test_a_study_without_quora_does_not_train_it_first() -> None:
    settings = resolve({"backbone": "tiny", "tasks": ("sst", "sts")}, None)
    assert "fine_tune_first" not in {factor.name for factor in restricted(SPACE, settings).factors}


def test_every_stage_of_a_run_becomes_a_row_with_its_seconds(demo: Corpus, tmp_path: Path) -> None:
    choices = SPACE.complete({"mlm": "in_domain", "simcse_supervised": "on", "single_task": "on"})
    config = to_config(SPACE, choices, SETTINGS)
    save_prepared(prepare_data(config, demo, with_sentences(SPACE, SETTINGS, demo).texts), tmp_path / "prepared")
    assert len(load_prepared(tmp_path / "prepared").texts) == 5 + len(DOMAINS)
    seen: list[int] = []
    done = run_job(
        Job(1, "train", config.model_dump(mode="json"), tmp_path / "prepared"),
        lambda epoch: seen.append(epoch.epoch) or True,  # type: ignore[func-returns-value]
    )
    assert isinstance(done, RunDone), done
    rows = result_of(done, "cpu").stages
    assert [row.name for row in rows] == ["mlm", "simcse_supervised", "multitask", "single_task"]
    assert all(isinstance(row, StageRow) and row.seconds and not row.shared for row in rows)
    assert [sorted(row.told_json["references"]) if row.told_json else None for row in rows] == [
        ["ln_vocabulary", "unigram_entropy"],
        ["ln_candidates"],
        None,
        None,
    ]
    assert seen == [1, 2] and done.best_epoch in seen
