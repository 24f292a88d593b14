"""Whole studies from the command line: what is written, printed, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from place import FINISHED, SMALL, Finished, Place
from postgres import own_database
from sqlalchemy import create_engine, inspect

import mtbert
from study.engines.local import LocalEngine


def test_a_smoke_study_leaves_rows_tables_a_report_and_a_model_that_loads(finished: Finished) -> None:
    place, done = finished
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["study"] == "s" and told["failed"] == 0
    assert told["runs"] == place.rows("select count(*) from run")[0][0]
    assert told["best"]["config"]["backbone"] == "tiny"
    folder = place.folder / "runs" / "s"
    parts = {".lock", "artifacts", "best", "launch.log", "prepared", "report.html", "tables"}
    assert {path.name for path in folder.iterdir()} == parts
    assert "Made-up data" in (folder / "report.html").read_text(encoding="utf-8")
    model = mtbert.load(folder / "best")
    assert model.predict("sts", ["A dog runs."], ["A dog is running."]).shape == (1,)
    encoder, _ = mtbert.load_encoder(str(folder / "best" / "transformers"))  # a published BERT like any other
    assert encoder.width == model.model.encoder.width
    card = (folder / "best" / "README.md").read_text(encoding="utf-8")
    digest, seed = told["best"]["digest"], model.config.seed
    assert digest in card and f"| {seed} (this model) |" in card and "The test split was evaluated once" in card


def test_trials_and_seeds_are_exactly_as_asked(finished: Finished) -> None:
    place = finished.place
    assert place.rows("select count(*) from run where trial_number is not null") == [(3,)]
    assert place.rows("select count(*) from trials") == [(3,)]
    assert place.rows("select distinct state from trials") == [("COMPLETE",)]
    cells = place.rows(
        "select cell.name, count(*) from cell join run using (study_name, config_digest) "
        "where cell.phase = 'ablate' and run.seed >= 1000 and run.status = 'complete' group by cell.name"
    )
    assert dict(cells)["best"] == 2 and dict(cells)["baseline"] == 2
    assert {count for _, count in cells} == {2}


def test_a_finished_study_is_not_run_again(finished: Finished, place: Place) -> None:
    queries = ("select id, attempt, finished_at from run", "select count(*) from task_metric where split = 'test'")
    before = [finished.place.rows(query) for query in queries]
    shutil.copytree(finished.place.folder, place.folder, dirs_exist_ok=True)
    again = place.call(*FINISHED, "--phases", "search,confirm,ablate,test")
    assert again.returncode == 0, again.stderr
    assert f"Resuming study s: {len(before[0])} of its {len(before[0])} runs are finished" in again.stdout
    assert [place.rows(query) for query in queries] == before


def test_a_study_with_other_settings_is_not_mixed_into_an_existing_one(finished: Finished, place: Place) -> None:
    shutil.copytree(finished.place.folder, place.folder, dirs_exist_ok=True)
    before = place.rows("select count(*) from run")
    done = place.call("--name", "s", "--seed", "7")
    assert done.returncode == 2 and "--seed was 0, now 7" in done.stderr
    assert place.rows("select count(*) from run") == before


def test_status_shows_runs_by_phase(finished: Finished) -> None:
    place = finished.place
    told = json.loads(place.call("--name", "s", "--json", module="study.status").stdout)
    phases = place.rows("select phase, count(*) from run group by phase")
    assert told["status"] == "done" and told["driver"] is None
    assert told["phases"] == {phase: {"complete": count} for phase, count in phases}
    assert "confirm" in place.call("--name", "s", module="study.status").stdout
    missing = place.call("--name", "t", module="study.status")
    assert missing.returncode == 2 and "No study named 't'" in missing.stderr


@pytest.mark.slow
def test_two_launches_with_one_worker_give_identical_scores(tmp_path: Path) -> None:
    arguments = (*SMALL, "--epochs", "2", "--trials", "4", "--seeds", "1", "--workers", "1", "--seed", "3")
    tables = []
    for place in (Place(tmp_path / "one"), Place(tmp_path / "other")):
        place.folder.mkdir()
        done = place.call(*arguments, "--phases", "search,confirm,test", engine=LocalEngine)
        assert done.returncode == 0, done.stderr
        tables.append(
            (
                place.rows("select phase, config_digest, seed, status, score, trial_number from run order by id"),
                place.rows("select run_id, epoch, split, task, metric, value from epoch_metric order by 1, 2, 3, 4, 5"),
                place.rows("select run_id, split, task, metric, value from task_metric order by 1, 2, 3, 4"),
            )
        )
    assert tables[0] == tables[1]
    assert len(tables[0][0]) > 4 and tables[0][2]


def test_a_factor_can_be_kept_at_one_level(place: Place) -> None:
    place.call(
        "--rehearse", "--space", "pooling", "--set", "pooling=max", "--phases", "search", "--trials", "3", "--name", "s"
    )
    choices = [json.loads(row[0])["pooling"] for row in place.rows("select choices_json from run")]
    assert choices == ["max"] * 3


def test_a_users_space_file_works(place: Place) -> None:
    (place.folder / "mine.py").write_text(
        '''"""My question."""
from search_spaces import Factor, Level, Space
SPACE = Space(name="mine", goal="Which pooling?", design="grid",
    factors=(Factor("pooling", "scientific", "cls",
        (Level("cls", {"pooling.name": "cls"}), Level("max", {"pooling.name": "max"}))),))
''',
        encoding="utf-8",
    )
    done = place.call("--rehearse", "--space", "mine.py", "--phases", "confirm", "--seeds", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["study"] == "mine-rehearsal"
    assert place.rows("select name from cell where phase = 'confirm' order by position") == [
        ("baseline",),
        ("row:pooling=max",),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--space", "poolings"), "Did you mean 'pooling'"),
        (("--space", "pooling", "--set", "poling=mean"), "Did you mean 'pooling'"),
        (("--space", "pooling", "--set", "pooling=men"), "Did you mean 'mean'"),
        (("--backbone", "minlm"), "Did you mean 'minilm'"),
        (("--data", "nowhere"), "nowhere"),
        (("--data", "."), "has none of the files of the course layout"),
        (("--data", "~nosuchuser/x"), "~nosuchuser/x does not exist"),
        (("--space", "~nosuchuser/x.py"), "Cannot read the space ~nosuchuser/x.py"),
        (("--name", "../x"), "A study's name has letters"),
        (("--trials", "0"), "must be at least 1, got 0"),
        (("--workers", "0"), "must be at least 1, got 0"),
        (("--phases", "serch"), "No phase named 'serch'"),
        (("--space", "missing.py"), "missing.py"),
        (("--space", "pooling", "--out", "/proc/nowhere"), "Choose another place: --out DIR"),
    ],
)
def test_bad_arguments_get_one_message_exit_code_2_and_leave_nothing(
    place: Place, arguments: tuple[str, ...], message: str
) -> None:
    done = place.call(*(SMALL if "--backbone" not in arguments else ()), *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert list(place.folder.iterdir()) == []


@pytest.mark.slow
def test_a_process_ends_with_the_exit_code_of_its_command(place: Place) -> None:
    done = place.run("--rehearse", "--space", "poolings")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("No space named 'poolings'. Did you mean 'pooling'?")


def test_a_hub_model_that_cannot_be_had_leaves_no_study(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place.folder))
    done = place.call("--backbone", "nobody/no-such-model", "--space", "pooling")
    assert done.returncode == 2 and "nobody/no-such-model" in done.stderr and "Traceback" not in done.stderr
    assert not (place.folder / "runs").exists()


def test_a_plan_tells_runs_and_time_and_writes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtbert.precision.native_precision", lambda device: "float32")
    done = place.call(*SMALL, "--space", "pooling", "--plan", "--precision", "bfloat16")
    assert done.returncode == 0, done.stderr
    assert "bfloat16 is slower than float32 here" in done.stdout and "--precision auto selects" in done.stdout
    assert "one step measured:" in done.stdout and "certain: " in done.stdout
    assert list(place.folder.iterdir()) == []


PLANNED = ("--space", "pooling", "--rehearse", "--plan")


def test_a_plan_makes_no_file_however_sqlite_is_named(place: Place) -> None:
    done = place.call(*PLANNED, "--storage", "sqlite+pysqlite:///new.db")
    assert done.returncode == 0, done.stderr
    assert list(place.folder.iterdir()) == []


def test_a_plan_makes_no_tables_on_a_server(place: Place) -> None:
    with own_database() as url:
        done = place.call(*PLANNED, "--storage", url)
        assert done.returncode == 0, done.stderr
        engine = create_engine(url)
        with engine.connect() as connection:
            assert inspect(connection).get_table_names() == []
        engine.dispose()


def test_a_plan_of_a_study_that_is_there_knows_its_settings(finished: Finished, place: Place) -> None:
    shutil.copytree(finished.place.folder, place.folder, dirs_exist_ok=True)
    before = place.database.read_bytes()
    done = place.call("--name", "s", "--plan", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["phases"][0]["most"] == 3 and place.database.read_bytes() == before
    missing = place.call("--plan", "--name", "n", "--import-from", "s", "--storage", "sqlite:///new.db")
    assert missing.returncode == 2 and "There is no database at new.db" in missing.stderr


def test_a_study_runs_on_a_backbone_without_a_checkpoint(place: Place) -> None:
    arguments = ("--backbone", "bilstm", "--epochs", "1", "--train-examples", "4", "--dev-examples", "4")
    done = place.call(*arguments, "--space", "pooling", "--phases", "confirm", "--seeds", "1", "--name", "s")
    assert done.returncode == 0, done.stderr
    assert place.rows("select status from run") == [("complete",)]


@pytest.mark.slow
def test_a_study_of_two_tasks_has_those_alone(place: Place) -> None:
    arguments = ("--space", "heads", "--tasks", "sts,quora", "--trials", "2", "--seeds", "1", "--name", "s", "--json")
    done = place.call(*SMALL, *arguments)
    assert done.returncode == 0, done.stderr
    configs = [json.loads(row[0]) for row in place.rows("select config_json from run")]
    assert configs and all(list(config["tasks"]) == ["quora", "sts"] for config in configs)
    choices = [set(json.loads(row[0])) for row in place.rows("select choices_json from run")]
    assert all(names == {"quora_head", "sts_head", "learning_rate"} for names in choices)
    score, quora, sts = (
        place.rows(
            "select value from task_metric join run on run.id = run_id "
            "where split = 'dev' and task = ? and metric = ? order by run_id limit 1",
            pair,
        )[0][0]
        for pair in (("", "score"), ("quora", "accuracy"), ("sts", "pearson"))
    )
    assert score == pytest.approx((quora + sts) / 2)
    page = (place.folder / "runs" / "s" / "best" / "README.md").read_text(encoding="utf-8")
    (example,) = [line for line in page.splitlines() if "model.predict(" in line]
    assert example.strip() in [
        f'model.predict("{task}", ["A fine film ."], ["A good film ."])' for task in ("sts", "quora")
    ]


def test_tasks_that_the_demo_has_not_are_refused(place: Place) -> None:
    done = place.call(*SMALL, "--space", "pooling", "--tasks", "sst,sick")
    assert done.returncode == 2 and "No demo task named 'sick'" in done.stderr
    assert list(place.folder.iterdir()) == []
