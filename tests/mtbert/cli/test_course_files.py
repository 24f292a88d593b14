"""Files for the course's leaderboard: the form its starter code writes, a row for each row of the course's files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from mtbert import predict
from mtbert.assembly import build_model
from mtbert.cli import course_files
from mtbert.config import RunConfig
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.loaded_model import TrainedModel

REAL = Path(os.environ.get("MTBERT_DATA", Path(__file__).parents[3] / "shared" / "data"))
TASKS = ("sst", "quora", "sts")
FORMS = {  # header, and what a value may be, as `evaluation.py` and `multitask_classifier.py` of the starter code write
    "sst": ("id \t Predicted_Sentiment ", r"[0-4]"),
    "para": ("id \t Predicted_Is_Paraphrase ", r"[01]"),
    "sts": ("id \t Predicted_Similiary ", r"[0-5](\.\d+)?(e-\d+)?"),
}
FILES = {"sst": "ids-sst", "para": "quora", "sts": "sts"}


@pytest.fixture(scope="module")
def model(prepared: Prepared, tiny: RunConfig) -> TrainedModel:
    built = build_model(tiny, prepared.vocabulary_size).eval()
    return TrainedModel(built, tiny, Tokenizer.from_str(prepared.tokenizer_json))


def course_folder(folder: Path) -> Path:
    """A course folder whose dev files have a duplicate, a missing label, two rows of one id and an empty text."""
    folder.mkdir()
    sentences = "".join(f"{i}\tid{i}\ta film number {i}\t{i % 5}\n" for i in range(30))
    pairs = "".join(f"{i}\tid{i}\tquestion {i} ?\tanother {i} ?\t{i % 2}.0\n" for i in range(30))
    for stem, columns, rows in (
        ("ids-sst", "sentence\tsentiment", sentences),
        ("quora", "sentence1\tsentence2\tis_duplicate", pairs),
        ("sts", "sentence1\tsentence2\tsimilarity", pairs),
    ):
        (folder / f"{stem}-train.csv").write_text(f"\tid\t{columns}\n{rows}", encoding="utf-8")
    head = "\tid\tsentence\tsentiment\n"
    dev = (
        f"{head}0\taaa\tA fine film .\t3\n1\tbbb\tA fine film .\t3\n2\tccc\tDull .\t\n3\taaa\tLong .\t0\n4\tddd\t \t1\n"
    )
    (folder / "ids-sst-dev.csv").write_text(dev, encoding="utf-8")
    (folder / "ids-sst-test-student.csv").write_text("\t\tid\tsentence\n0\t0.0\teee\tGood .\n", encoding="utf-8")
    head = "\tid\tsentence1\tsentence2\t"
    row = "0\tfff\tHow ?\tWhy ?\t1.0\n"
    (folder / "quora-dev.csv").write_text(f"{head}is_duplicate\n{row}", encoding="utf-8")
    (folder / "sts-dev.csv").write_text(f"{head}similarity\n{row}", encoding="utf-8")
    return folder


def rows_of(path: Path, form: tuple[str, str]) -> list[str]:
    """The ids of a file, each of whose lines was looked at."""
    header, *lines, last = path.read_text(encoding="utf-8").split("\n")
    assert header == form[0] and last == ""
    found = [re.fullmatch(rf"(\S+) , ({form[1]}) ", line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found, strict=True) if not match][:3]
    return [match[1] for match in found if match]


def test_every_row_of_a_course_file_has_its_prediction_under_its_own_id(model: TrainedModel, tmp_path: Path) -> None:
    corpus = load_corpus(str(course_folder(tmp_path / "data")), TASKS)
    assert corpus.tasks["sst"].dev.ids == ("aaa", "aaa#2")  # what is measured
    written = course_files.write(model, corpus, tmp_path / "out")
    assert [path.name for path in written] == [
        "sst-dev-output.csv", "sst-test-output.csv", "para-dev-output.csv", "sts-dev-output.csv",
    ]  # fmt: skip
    ids = {path.name: rows_of(path, FORMS[path.name.partition("-")[0]]) for path in written}
    assert ids["sst-dev-output.csv"] == ["aaa", "bbb", "ccc", "aaa", "ddd"]
    assert ids["sst-test-output.csv"] == ["eee"] and ids["para-dev-output.csv"] == ["fff"]


def test_the_command_writes_the_same_files(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mtbert import loaded_model

    data = course_folder(tmp_path / "data")
    monkeypatch.setattr(loaded_model, "load", lambda _: model)
    assert predict.main(["--model", "x", "--data", str(data), "--out", str(tmp_path / "command")]) == 0
    told = capsys.readouterr().out.split()
    wanted = course_files.write(model, load_corpus(str(data), TASKS), tmp_path / "function")
    assert [Path(line).name for line in told] == [path.name for path in wanted]
    assert all(Path(a).read_bytes() == b.read_bytes() for a, b in zip(told, wanted, strict=True))


def test_a_line_that_is_no_row_has_no_prediction_and_is_told(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mtbert import loaded_model

    data = course_folder(tmp_path / "data")
    with (data / "ids-sst-dev.csv").open("a", encoding="utf-8") as file:
        file.write("5\teee\n6\tfff\tFine .\t4\n")
    monkeypatch.setattr(loaded_model, "load", lambda _: model)
    given = ["--model", "x", "--data", str(data), "--out", str(tmp_path / "out")]
    assert predict.main(given) == 0
    assert "ids-sst-dev.csv: " in capsys.readouterr().err.splitlines()[0]
    assert predict.main([*given, "--data-issues"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert "  ids-sst-dev.csv:7: 2 columns instead of 4; row dropped" in told
    assert rows_of(tmp_path / "out" / "sst-dev-output.csv", FORMS["sst"]) == ["aaa", "bbb", "ccc", "aaa", "ddd", "fff"]


@pytest.mark.slow
@pytest.mark.skipif(
    not (REAL / "quora-dev.csv").is_file(), reason=f"the course's data is not in {REAL} (set MTBERT_DATA)"
)
def test_the_courses_own_files_are_answered_row_by_row(model: TrainedModel, tmp_path: Path) -> None:
    written = course_files.write(model, load_corpus(str(REAL), TASKS), tmp_path)
    tests = {stem for stem, name in FILES.items() if (REAL / f"{name}-test-student.csv").is_file()}
    assert {path.name for path in written} == {
        *(f"{stem}-dev-output.csv" for stem in FORMS),
        *(f"{stem}-test-output.csv" for stem in tests),
    }
    for path in written:
        stem, part, _ = path.name.split("-")
        source = REAL / f"{FILES[stem]}-{'dev' if part == 'dev' else 'test-student'}.csv"
        lines = source.read_text(encoding="utf-8").split("\n")
        place = [name.strip() for name in lines[0].split("\t")].index("id")
        wanted = [line.split("\t")[place].strip().lower() for line in lines[1:] if line.strip()]
        assert rows_of(path, FORMS[stem]) == wanted
