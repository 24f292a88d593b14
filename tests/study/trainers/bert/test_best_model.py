"""The folder of the best model: what is put there, whose model it is, and what an encoder with adapters leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

import mtbert
from mtbert import checkpoint
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.examples import Corpus
from mtbert.data.load import load_corpus
from mtbert.encoder.backbones import load_tokenizer
from results.database.rows import RunRow, utc_now
from study.trainers.bert import best_model

PLAIN = parse({"backbone": "tiny", "tasks": {"sst": {"head": "linear"}}})
ADAPTED = parse({"backbone": "tiny", "tasks": {"sst": {"head": "linear"}}, "adapters": ["houlsby"]})


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer("tiny", ["a fine film", "a dull film"])


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A course folder with one task."""
    folder = tmp_path / "data"
    folder.mkdir()
    for split, film in (("train", "a film"), ("dev", "another film")):
        rows = "".join(f"{i}\tid{i}\t{film} number {i}\t{i % 5}\n" for i in range(30))
        (folder / f"ids-sst-{split}.csv").write_text(f"\tid\tsentence\tsentiment\n{rows}", encoding="utf-8")
    return load_corpus(str(folder), ("sst",))


def row(config: RunConfig, seed: int, score: float, **changes: Any) -> RunRow:
    fields = dict.fromkeys(RunRow.__dataclass_fields__)
    told = {"study_name": "s", "phase": "confirm", "status": "complete", "attempt": 1, "started_at": utc_now()}
    own = {"config_digest": config.digest(), "config_json": config.model_dump(mode="json"), "seed": seed}
    return RunRow(**{**fields, **told, **own, "id": seed, "score": score, **changes})  # type: ignore[arg-type]


def save(config: RunConfig, seed: int, models: Path, tokenizer: Tokenizer) -> None:
    config = config.with_seed(seed)
    model = build_model(config, tokenizer.get_vocab_size())
    checkpoint.save(model, config, tokenizer, models / f"{config.digest()[:16]}-{seed}")


def test_the_model_with_the_best_score_is_put_there_whole(tmp_path: Path, tokenizer: Tokenizer, corpus: Corpus) -> None:
    for seed in (1, 2):
        save(PLAIN, seed, tmp_path / "models", tokenizer)
    best, said = tmp_path / "best", list[str]()
    rows = [row(PLAIN, 1, 0.4), row(PLAIN, 2, 0.5)]
    kept = best_model.keep(rows, tmp_path / "models", best, corpus, said.append)
    assert len(said) == 1 and "for the course's leaderboard" in said[0], "it may take minutes"
    assert kept is not None and kept.seed == 2
    assert mtbert.load(best).config.seed == 2
    assert (best / "transformers" / "model.safetensors").is_file()
    (predictions,) = (best / "predictions").iterdir()
    assert predictions.name == "sst-dev-output.csv" and len(predictions.read_text().splitlines()) == 31
    assert {path.name for path in tmp_path.iterdir()} == {"models", "best", "data"}


def test_a_model_with_adapters_has_none_for_transformers(tmp_path: Path, tokenizer: Tokenizer, corpus: Corpus) -> None:
    save(ADAPTED, 1, tmp_path / "models", tokenizer)
    assert best_model.keep([row(ADAPTED, 1, 0.4)], tmp_path / "models", tmp_path / "best", corpus) is not None
    assert not (tmp_path / "best" / "transformers").exists()


def test_data_of_no_leaderboard_has_no_predictions(tmp_path: Path, tokenizer: Tokenizer, corpus: Corpus) -> None:
    save(PLAIN, 1, tmp_path / "models", tokenizer)
    made_up, said = replace(corpus, source="demo"), list[str]()
    best_model.keep([row(PLAIN, 1, 0.4)], tmp_path / "models", tmp_path / "best", made_up, said.append)
    assert said == []
    assert not (tmp_path / "best" / "predictions").exists()


def test_what_stands_there_stays_what_is_gone_is_no_fault(tmp_path: Path, tokenizer: Tokenizer, corpus: Corpus) -> None:
    models, best = tmp_path / "models", tmp_path / "best"
    save(PLAIN, 1, models, tokenizer)
    first = row(PLAIN, 1, 0.4)
    assert best_model.keep([first], models, best, corpus) == first
    before = (best / "model.safetensors").stat().st_ino
    gone = row(PLAIN, 2, 0.9)  # its model was deleted after an earlier launch
    assert best_model.keep([first, gone], tmp_path / "none", best, corpus) == first
    assert (best / "model.safetensors").stat().st_ino == before
    assert best_model.keep([row(ADAPTED, 1, 0.9)], tmp_path / "none", best, corpus) is None
    assert best_model.keep([row(PLAIN, 1, 0.9, config_digest="../x")], models, best, corpus) is None
