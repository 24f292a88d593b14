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
    assert evaluate_split(model, prepared, "search").score == run(tiny, prepared, lambda _: True).best.search.score


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


@pytest.mark.parametrize("text", ["{", '{"pooling": "men"}', "[]"])
def test_a_damaged_configuration_is_a_damaged_model(folder: Path, tmp_path: Path, text: str) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    (copy / checkpoint.CONFIG).write_text(text)
    with pytest.raises(CheckpointError, match=r"model is damaged: .*config\.json.*Train it again"):
        checkpoint.load(copy)


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("mine")
    return folder


def test_a_model_may_be_saved_where_nothing_is_or_another_model(folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "below" / "new"
    assert checkpoint.require_place(new) == new.resolve()
    assert new.parent.is_dir() and list(new.parent.iterdir()) == []  # nothing is left of the trial
    assert checkpoint.require_place(put(tmp_path / "empty")) == (tmp_path / "empty").resolve()
    assert checkpoint.require_place(folder) == folder.resolve()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("notes.txt",), r"holds notes\.txt, and a saved model would replace it\. Give a new folder"),
        (("a", "b", "c", "d"), r"holds a, b, c, \.\.\., and"),
        ((*checkpoint.FILES, "predictions"), "holds predictions, and"),
        # What another library saved there.
        (("config.json", "model.safetensors", "tokenizer.json"), "is no saved model, and"),
    ],
)
def test_no_model_is_saved_over_anything_else(tmp_path: Path, names: tuple[str, ...], told: str) -> None:
    place = put(tmp_path / "mine", *names)
    with pytest.raises(CheckpointError, match=f"mine {told}"):
        checkpoint.require_place(place)
    assert {path.name for path in place.iterdir()} == set(names)


def test_no_model_is_saved_over_a_file_nor_where_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CheckpointError, match="file is a file, but a model is saved as a folder"):
        checkpoint.require_place(tmp_path / "file")
    monkeypatch.chdir(put(tmp_path / "here" / "below"))
    for place in (".", ".."):
        with pytest.raises(CheckpointError, match=f"^{place} contains the current folder"):
            checkpoint.require_place(Path(place))
    with pytest.raises(OSError, match="file"):
        checkpoint.require_place(tmp_path / "file" / "model")


def test_a_model_is_saved_where_a_link_leads(folder: Path, tmp_path: Path) -> None:
    model, config, tokenizer = checkpoint.load(folder)
    (tmp_path / "link").symlink_to(put(tmp_path / "real"))
    checkpoint.save(model, config, tokenizer, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and {path.name for path in (tmp_path / "real").iterdir()} == {
        *checkpoint.FILES
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
