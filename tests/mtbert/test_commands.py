"""The commands train, evaluate and predict, one after the other on one model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtbert import evaluate, predict, train
from mtbert.config import RunConfig
from mtbert.data.examples import Corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "config.json").write_text(json.dumps(tiny.model_dump(mode="json")), encoding="utf-8")
    assert train.main(["--config", str(folder / "config.json"), "--data", "demo", "--out", str(folder / "model")]) == 0
    return folder / "model"


def test_evaluate_prints_every_metric_of_every_task(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--model", str(model), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {task: set(metrics) for task, metrics in told["tasks"].items()} == {
        "sst": {"accuracy", "macro_f1"},
        "quora": {"accuracy", "precision", "recall", "f1"},
        "sts": {"pearson", "spearman", "mse"},
    }
    main = (told["tasks"]["sst"]["accuracy"], told["tasks"]["quora"]["accuracy"], told["tasks"]["sts"]["pearson"])
    assert told["score"] == pytest.approx(sum(main) / 3)
    assert told["leaderboard_score"] == pytest.approx((main[0] + main[1] + (1 + main[2]) / 2) / 3)


def test_train_and_predict_tell_the_same_as_data(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = model.parent / "config.json"
    assert train.main(["--config", str(config), "--out", str(tmp_path / "model"), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert set(told) == {"digest", "seed", "best_epoch", "score", "tasks", "model"}
    assert told["digest"] == RunConfig.model_validate_json(config.read_text(encoding="utf-8")).digest()
    assert set(told["tasks"]) == {"sst", "quora", "sts"} and "epoch 1/" in said.err
    assert predict.main(["--model", told["model"], "--out", str(tmp_path / "out"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert sorted(files) == sorted(str(path) for path in (tmp_path / "out").iterdir())


def test_evaluate_prints_a_line_a_task(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--model", str(model), "--split", "test"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["sst", "quora", "sts", "score"]


def test_a_folder_with_nothing_but_labelled_dev_files_is_enough(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quora-dev.csv").write_text(
        "\tid\tsentence1\tsentence2\tis_duplicate\n0\ta\tWho?\tWho then?\t1.0\n"
        "1\tb\tWhy?\tWhen?\t0.0\n2\tc\tWhy?\t\t\n",
        encoding="utf-8",
    )
    told = ["--model", str(model), "--data", str(tmp_path)]
    assert evaluate.main([*told, "--tasks", "quora", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)["tasks"]
    assert set(found) == {"quora"} and found["quora"]["accuracy"] in (0.0, 0.5, 1.0)
    assert said.err.startswith("quora-dev.csv:4: ")  # the row without a second sentence
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
    assert train.main(["--recipe", "kumar", "--backbone", "tiny", "--epochs", "1", "--data", "demo"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("epoch 1/1   score ")


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
