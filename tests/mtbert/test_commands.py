"""The commands train, evaluate and predict, one after the other on one model."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mtbert import evaluate, export, predict, train
from mtbert.config import RunConfig
from mtbert.data.examples import Corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "config.json").write_text(json.dumps(tiny.model_dump(mode="json")), encoding="utf-8")
    assert train.main(["--config", str(folder / "config.json"), "--data", "demo", "--out", str(folder / "model")]) == 0
    return folder / "model"


def test_evaluate_prints_every_metric_of_every_task_or_a_line_a_task(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main(["--model", str(model), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {task: set(metrics) for task, metrics in told["tasks"].items()} == {
        "sst": {"accuracy", "macro_precision", "macro_recall", "macro_f1"},
        "quora": {"accuracy", "precision", "recall", "f1"},
        "sts": {"pearson", "spearman", "mse"},
    }
    main = (told["tasks"]["sst"]["accuracy"], told["tasks"]["quora"]["accuracy"], told["tasks"]["sts"]["pearson"])
    assert told["score"] == pytest.approx(sum(main) / 3)
    assert told["leaderboard_score"] == pytest.approx((main[0] + main[1] + (1 + main[2]) / 2) / 3)
    assert evaluate.main(["--model", str(model), "--split", "test"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["sst", "quora", "sts", "score"]


def test_train_and_predict_tell_the_same_as_data_and_take_no_more_examples_than_they_are_given(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, few = model.parent / "config.json", ["--train-examples", "3", "--dev-examples", "2"]
    assert train.main(["--config", str(config), *few, "--out", str(tmp_path / "model"), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert set(told) == {"digest", "seed", "best_epoch", "score", "tasks", "stages", "model"}
    kept = RunConfig.model_validate_json((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))
    assert (kept.data.train_examples, kept.data.dev_examples) == (3, 2) and told["digest"] == kept.digest()
    assert set(told["tasks"]) == {"sst", "quora", "sts"} and "epoch 1/" in said.err
    assert predict.main(["--model", told["model"], "--out", str(tmp_path / "out"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert sorted(files) == sorted(str(path) for path in (tmp_path / "out").iterdir())
    with pytest.raises(SystemExit):
        train.main(["--train-examples", "many"])


def test_train_refuses_no_examples_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--train-examples", "0"]) == 2
    assert "data.train_examples" in capsys.readouterr().err


def test_a_folder_with_nothing_but_labelled_dev_files_is_enough(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quora-dev.csv").write_text(
        "\tid\tsentence1\tsentence2\tis_duplicate\n0\ta\tWho?\tWho then?\t1.0\n"
        "1\tb\tWhy?\tWhen?\t0.0\n2\tc\tWhy?\t\t\n",
        encoding="utf-8",
    )
    told = ["--model", str(model), "--data", str(tmp_path)]
    assert evaluate.main([*told, "--tasks", "quora", "--json", "--data-issues"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)["tasks"]
    assert set(found) == {"quora"} and found["quora"]["accuracy"] in (0.0, 0.5, 1.0)
    assert said.err.splitlines()[1].startswith("  quora-dev.csv:4: ")  # the row without a second sentence
    assert evaluate.main(told) == 2
    assert "lacks ids-sst-dev.csv (task sst needs ids-sst-dev.csv); sts-dev.csv" in capsys.readouterr().err
    assert evaluate.main([*told, "--tasks", "qora"]) == 2
    assert "Did you mean 'quora'?" in capsys.readouterr().err


def test_predictions_have_the_form_of_the_courses_leaderboard(model: Path, tmp_path: Path, corpus: Corpus) -> None:
    assert predict.main(["--model", str(model), "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "sst-dev-output.csv",
        "para-dev-output.csv",
        "sts-dev-output.csv",
    }
    sst = (tmp_path / "sst-dev-output.csv").read_text(encoding="utf-8").split("\n")
    assert sst[0] == "id \t Predicted_Sentiment "
    identity, value = sst[1].split(" , ")
    assert identity == corpus.tasks["sst"].dev.ids[0] and value in {f"{i} " for i in range(5)}
    assert len(sst) == 1 + len(corpus.tasks["sst"].dev) + 1
    assert (tmp_path / "para-dev-output.csv").read_text(encoding="utf-8").startswith("id \t Predicted_Is_Paraphrase \n")
    similarities = (tmp_path / "sts-dev-output.csv").read_text(encoding="utf-8").split("\n")[1:-1]
    assert all(0 <= float(row.split(" , ")[1]) <= 5 for row in similarities)


@pytest.mark.parametrize("command", [evaluate, predict])
def test_a_folder_without_a_model_is_one_message(
    command: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--model", str(tmp_path)]) == 2  # type: ignore[attr-defined]
    assert "is not a saved model: it has no config.json" in capsys.readouterr().err


def test_train_tells_all_faults_of_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.json").write_text('{"poling": "mean", "head_dropout": 2}', encoding="utf-8")
    assert train.main(["--config", str(tmp_path / "c.json")]) == 2
    told = capsys.readouterr().err
    assert "Did you mean 'pooling'" in told and "head_dropout" in told and "Traceback" not in told


def test_a_recipe_trains_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--backbone", "tiny", "--epochs", "1", "--data", "demo", "--train-examples", "4", "--dev-examples", "4"]
    assert train.main(["--recipe", "kumar", *small]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0].startswith("epoch 1/1   search score ")
    assert "simcse_supervised" not in said.err


def test_train_says_what_was_dropped_for_a_dev_sentence_and_how_many_triplets_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = {"simcse_supervised": {"triplets": 5}, "multitask": {"epochs": 1}}
    (tmp_path / "c.json").write_text(json.dumps({**SMALL, **stages}), encoding="utf-8")
    assert train.main(["--config", str(tmp_path / "c.json"), "--data", "demo"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert "quora: dropped 857 train rows with a sentence of a dev or test split (857 with one of quora's own)" in told
    assert "sts: dropped 1 train row with a sentence of a dev or test split (1 with one of sts's own)" in told
    assert any(line.startswith("simcse_supervised has 5 triplets; ") for line in told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--recipe", "kumer"], "--recipe: No recipe named 'kumer'. Did you mean 'kumar'? Known: "),
        (["--recipe", "kumar", "--epochs", "0"], "multitask.epochs: "),
        (["--recipe", "kumar", "--learning-rate-times", "1e6"], "multitask.optimizer.learning_rate: "),
        (["--recipe", "kumar", "--learning-rate-times", "nan"], "multitask.optimizer.learning_rate: "),
    ],
)
def test_a_recipe_that_cannot_be_is_one_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert train.main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(told)


SMALL = {"backbone": "tiny", "data": {"train_examples": 8, "dev_examples": 4, "max_tokens": 16}}


def refused(
    place: Path, capsys: pytest.CaptureFixture[str], *arguments: str, data: str = "demo", **parts: object
) -> str:
    """The one message of a training that cannot be; `data` is read only where what is refused shows later."""
    (place / "small.json").write_text(json.dumps({**SMALL, **parts}), encoding="utf-8")
    assert train.main(["--config", str(place / "small.json"), "--data", data, *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if not line.startswith("epoch ") and " train row" not in line]
    return line


NO_DATA = "/no/data"  # is told of, where it is looked at


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_told_before_data_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    told = refused(tmp_path, capsys, "--device", device, data=NO_DATA)
    assert told.startswith(f"--device: must be a device that torch can use here, got '{device}'; known: cpu")


def test_a_training_that_diverges_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heavy = {"name": "fixed", "weights": dict.fromkeys(("sst", "quora", "sts"), 1e38)}
    told = refused(tmp_path, capsys, multitask={"balancer": heavy, "optimizer": {"learning_rate": 1.0}})
    assert told.startswith("the training diverged: ") and "not a finite number" in told
    assert told.endswith("Lower the learning rates: --learning-rate-times 0.1")


def test_nothing_to_train_is_told_before_data_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heads = {"trainable": {"name": "heads"}}
    told = refused(tmp_path, capsys, data=NO_DATA, multitask=heads, tasks={"sts": {"head": "cosine"}})
    assert told.startswith("multitask.trainable: heads trains only the heads and the pooling, and neither cosine nor")


def test_more_trained_layers_than_a_checkpoint_has_are_told_before_data_is_read(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main(["--model", str(model), "--out", str(tmp_path / "bert")]) == 0
    capsys.readouterr()
    deep = {"trainable": {"name": "last_k", "layers": 3}}
    told = refused(tmp_path, capsys, data=NO_DATA, backbone=str(tmp_path / "bert"), multitask=deep)
    assert told.startswith("last_k trains between 1 and 2 layers of backbone '")


def test_a_model_is_never_saved_over_other_files_and_that_is_told_before_data_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "mine")
    for place, told in (
        (str(tmp_path / "mine"), "contains the current folder"),
        (".", "contains the current folder"),
        ("..", "contains the current folder"),
        ("notes.txt", "is a file, but a model is saved as a folder"),
        ("notes.txt/model", "notes.txt cannot be written (File exists)"),
        ("a" * 300, "cannot be written (File name too long)"),
    ):
        assert told in refused(tmp_path, capsys, "--out", place, data=NO_DATA)
    monkeypatch.chdir(tmp_path)
    assert "holds notes.txt, and" in refused(tmp_path, capsys, "--out", "mine", data=NO_DATA)
    assert (tmp_path / "mine" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_model_that_cannot_be_saved_after_all_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f".model.{os.getpid()}.new").write_text("stands in the way")
    assert "cannot be written" in refused(tmp_path, capsys, "--out", str(tmp_path / "model"), multitask={"epochs": 1})


def test_training_again_replaces_the_model_that_is_there(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(model, tmp_path / "model")
    (tmp_path / "small.json").write_text(json.dumps({**SMALL, "multitask": {"epochs": 1}}), encoding="utf-8")
    assert train.main(["--config", str(tmp_path / "small.json"), "--out", str(tmp_path / "model")]) == 0
    assert json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))["data"]["train_examples"] == 8
