"""Where sentences without labels come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from saved_sets import save

from mtbert.data import text_sources
from mtbert.errors import DataError

SICK = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_in_domain_is_what_the_folder_has(tmp_path: Path) -> None:
    write(tmp_path / "rt-polarity.neg.txt", "bad film\n")
    write(tmp_path / "paws/train.tsv", "id\tsentence1\tsentence2\tlabel\n1\tone\ttwo\t0\n")
    write(tmp_path / "sick/SICK_train.txt", f"{SICK}1\tA\tB\t4.5\tNEUTRAL\n")
    write(tmp_path / "sick/SICK_trial.txt", f"{SICK}2\tsecret\tdev\t4.5\tNEUTRAL\n")
    assert text_sources.in_domain(str(tmp_path)) == ("bad film", "one", "two", "A", "B")


def test_a_folder_without_in_domain_sentences_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no in-domain sentences \(rt-polarity.*use another corpus: tasks"):
        text_sources.in_domain(str(tmp_path))


def test_in_domain_of_the_hub_is_train_of_rotten_tomatoes_and_paws(tmp_path: Path) -> None:
    save(tmp_path, "cornell-movie-review-data/rotten_tomatoes", train={"text": ["r"]}, test={"text": ["held out"]})
    save(tmp_path, "google-research-datasets/paws/labeled_final", train={"sentence1": ["p"], "sentence2": ["q"]})
    assert text_sources.in_domain(f"hub:{tmp_path}") == ("r", "p", "q")


def test_a_column_that_is_gone_from_the_hub_is_named(tmp_path: Path) -> None:
    save(tmp_path, "cornell-movie-review-data/rotten_tomatoes", train={"sentence": ["r"]})
    with pytest.raises(DataError, match="rotten_tomatoes:train has no column text; expected text, found sentence"):
        text_sources.in_domain(f"hub:{tmp_path}")


def test_a_split_that_is_gone_from_the_hub_is_named(tmp_path: Path) -> None:
    save(tmp_path, "cornell-movie-review-data/rotten_tomatoes", test={"text": ["r"]})
    with pytest.raises(DataError, match="rotten_tomatoes has no split train, only test"):
        text_sources.in_domain(f"hub:{tmp_path}")


def test_triplets_of_sick_are_entailments_and_contradictions_of_one_first_sentence(tmp_path: Path) -> None:
    rows = [
        ("p", "e1", "ENTAILMENT"),
        ("p", "c", "CONTRADICTION"),
        ("p", "e2", "ENTAILMENT"),
        ("q", "e3", "ENTAILMENT"),
    ]
    lines = (f"{i}\t{a}\t{b}\t3\t{label}" for i, (a, b, label) in enumerate(rows))
    write(tmp_path / "sick/SICK_train.txt", SICK + "\n".join(lines))
    assert text_sources.triplets(str(tmp_path)) == (("p", "e1", "c"), ("p", "e2", "c"))


def test_published_triplets_go_before_those_of_sick(tmp_path: Path) -> None:
    write(tmp_path / "sick/SICK_train.txt", f"{SICK}1\tp\te\t4\tENTAILMENT\n2\tp\tc\t4\tCONTRADICTION\n")
    write(tmp_path / "nli_for_simcse.csv", "sent0,sent1,hard_neg\n1,2,3\n")
    assert text_sources.triplets(str(tmp_path)) == (("1", "2", "3"),)


def test_triplets_without_a_column_are_an_error_that_names_it(tmp_path: Path) -> None:
    write(tmp_path / "nli_for_simcse.csv", "sent0,sent1\n1,2\n")
    with pytest.raises(DataError, match="no column hard_neg. Expected: comma-separated sent0, sent1, hard_neg"):
        text_sources.triplets(str(tmp_path))


def test_a_folder_without_triplets_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nli_for_simcse.csv there .* or leave supervised SimCSE out"):
        text_sources.triplets(str(tmp_path))


SIMCSE = "princeton-nlp/datasets-for-simcse"


def test_the_hubs_files_are_read_from_where_they_were_put(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / SIMCSE):  # beside the course's files, or as on the hub
        write(folder / "wiki1m_for_simcse.txt", "one\ntwo\n")
        write(folder / "nli_for_simcse.csv", "sent0,sent1,hard_neg\n1,2,3\n")
    for source in (str(tmp_path), f"hub:{tmp_path}"):
        assert text_sources.wikipedia(source) == ("one", "two")
        assert text_sources.triplets(source) == (("1", "2", "3"),)


def test_the_hubs_files_are_read_from_where_the_library_saved_them(tmp_path: Path) -> None:
    save(tmp_path, f"{SIMCSE}/wiki1m_for_simcse", train={"text": ["one", "two"]})
    columns = {"sent0": ["p", "q"], "sent1": ["e", "f"], "hard_neg": ["c", None]}
    save(tmp_path, f"{SIMCSE}/nli_for_simcse", train=columns)
    assert text_sources.wikipedia(f"hub:{tmp_path}") == ("one", "two")
    assert text_sources.triplets(f"hub:{tmp_path}") == (("p", "e", "c"), ("q", "f", ""))


@pytest.mark.parametrize(
    ("read", "name"), [(text_sources.wikipedia, "wiki1m_for_simcse.txt"), (text_sources.triplets, "nli_for_simcse.csv")]
)
def test_a_file_that_was_not_saved_is_named(read: Callable[[str], object], name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{SIMCSE} has neither the file {name} nor a copy saved by `datasets`"):
        read(f"hub:{tmp_path}")


def test_a_text_file_may_lie_beside_what_was_saved_of_the_hub(tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", "first\nsecond\n")
    assert text_sources.text_file(f"hub:{tmp_path}", "mine.txt") == ("first", "second")
    assert text_sources.text_file("hub", str(tmp_path / "mine.txt")) == ("first", "second")


def test_the_demo_has_no_wikipedia() -> None:
    with pytest.raises(DataError, match="--data demo has no sentences of Wikipedia"):
        text_sources.wikipedia("demo")


def test_the_demos_triplets_are_the_same_each_time_and_three_different_sentences() -> None:
    made = text_sources.triplets("demo")
    assert made == text_sources.triplets("demo") and len(made) == 1000
    assert all(len(set(triplet)) == 3 for triplet in made)
