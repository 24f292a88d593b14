"""Saved models: a round trip gives the same outputs; damage is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import mtbert
from mtbert import checkpoint
from mtbert.config import RunConfig
from mtbert.data.tokenize import Prepared
from mtbert.errors import CheckpointError, ConfigurationError
from mtbert.run import evaluate_split, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig, prepared: Prepared) -> Path:
    target = tmp_path_factory.mktemp("saved") / "model"
    outcome = run(tiny, prepared, lambda _: True)
    checkpoint.save(outcome.model, tiny, Tokenizer.from_str(prepared.tokenizer_json), target)
    return target


def test_a_loaded_model_gives_the_same_scores(folder: Path, tiny: RunConfig, prepared: Prepared) -> None:
    model, config, _ = checkpoint.load(folder)
    assert config == tiny
    assert evaluate_split(model, prepared, "dev").score == run(tiny, prepared, lambda _: True).best.dev.score


def test_saving_again_replaces_the_folder_and_leaves_nothing_beside_it(
    folder: Path, tiny: RunConfig, prepared: Prepared
) -> None:
    model, _, tokenizer = checkpoint.load(folder)
    checkpoint.save(model, tiny.with_seed(3), tokenizer, folder)
    assert checkpoint.load(folder)[1].seed == 3
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_predicts_classes_and_similarities(folder: Path) -> None:
    model = mtbert.load(folder)
    classes = model.predict("sst", ["A fine film .", "Dull ."])
    assert classes.shape == (2,) and set(classes) <= {0, 1, 2, 3, 4}
    duplicates = model.predict("quora", ["How do I cook rice?"], ["How is rice cooked?"])
    assert set(duplicates) <= {0, 1}
    assert np.isfinite(model.predict("sts", ["A dog runs."], ["A cat sleeps."])).all()


def test_no_texts_give_no_predictions(folder: Path) -> None:
    assert mtbert.load(folder).predict("sst", []).shape == (0,)


@pytest.mark.parametrize(
    ("task", "texts", "texts2", "message"),
    [
        ("sentiment", ["a"], None, "No task of this model named 'sentiment'"),
        ("sts", ["a"], None, "sts reads pairs: give texts2"),
        ("sst", ["a"], ["b"], "sst reads single sentences: leave texts2 out"),
        ("sts", ["a", "b"], ["c"], "needs 2 texts, one for each of texts, got 1"),
    ],
)
def test_inputs_that_do_not_fit_the_task_are_refused(
    folder: Path, task: str, texts: list[str], texts2: list[str] | None, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        mtbert.load(folder).predict(task, texts, texts2)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a saved model: it has no config\.json"):
        mtbert.load(tmp_path)


def test_truncated_weights_are_named(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="is damaged"):
        mtbert.load(tmp_path)


def test_sizes_that_no_encoder_has_name_the_file(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    sizes = json.loads((copy / checkpoint.SHAPE).read_text())
    (copy / checkpoint.SHAPE).write_text(json.dumps({**sizes, "heads": sizes["heads"] + 1}))
    with pytest.raises(CheckpointError, match=rf"{checkpoint.SHAPE}: heads must divide the width"):
        checkpoint.load(copy)
