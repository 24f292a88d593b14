"""Whatever is given from outside, damaged in every way: no traceback, no hang, a message for a person.

The short form runs with the slow tests; `make nightly` makes it 2,000 cases.
"""

from __future__ import annotations

import functools
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from fuzzing import (
    NASTY,
    as_text,
    cases,
    command,
    damaged_bytes,
    damaged_json,
    in_time,
    json_values,
    require_calm,
    words,
)
from hypothesis import given
from hypothesis import strategies as st
from place import Place

import search_spaces.__main__ as spaces_command
from mtbert import components
from mtbert.config import RunConfig, parse, read
from mtbert.data import demo
from mtbert.data.cs224n import read_folder
from mtbert.data.prepared import load_prepared
from mtbert.errors import CheckpointError, ConfigurationError, DataError, MtbertError
from results import export, report
from search_spaces import Constraint, Factor, Level, Range, Recipe, Space, SpaceError, load
from study import dashboard, doctor, launch, status
from study.arguments import Options
from study.flags import declared
from study.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.nightly]
ROOT = Path(__file__).resolve().parents[2]


# Configurations

WHOLE = RunConfig().model_dump(mode="json")
RICH: Any = {
    **WHOLE,
    "mlm": {"epochs": 1},
    "simcse_unsupervised": {},
    "fine_tune_first": {"task": "sst"},
    "single_task": {"epochs": 2},
    "adapters": [{"name": "low_rank", "width": 4}],
}


@cases(full=300, short=60)
@given(damaged_json(RICH))
def test_a_configuration_is_whole_or_refused_with_all_its_faults(data: Any) -> None:
    with in_time():
        try:
            config = parse(data)
        except ConfigurationError as error:
            assert error.faults and str(error).strip()
            return
        assert parse(config.model_dump(mode="json")).digest() == config.digest()


@cases(full=100, short=30)
@given(damaged_bytes(as_text(WHOLE).encode()))
def test_a_configurations_file_is_read_or_refused_by_name(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_bytes(data)
    with in_time(), suppress(ConfigurationError):
        read(path)


# Spaces

LINES = (ROOT / "search_spaces" / "spaces" / "heads.py").read_text(encoding="utf-8").splitlines()
PIECES = (
    "Factor(", "Level(", ")", ",", '"', "SPACE = 1", "SPACE = None", "raise SystemExit(3)", "1 / 0", "\x00", "  x",
    "raise KeyboardInterrupt", "def f(: pass", "# coding: nonsense", "import nowhere", "SPACE.factors[0].x = 1",
)  # fmt: skip


@cases(full=150, short=30)
@given(st.data())
def test_a_spaces_file_is_a_space_or_a_message_with_its_line(tmp_path_factory: Any, data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(("drop", "double", "insert", "cut", "swap")))
        if how == "drop":
            del lines[at]
        elif how == "double":
            lines.insert(at, lines[at])
        elif how == "insert":
            lines.insert(at, data.draw(st.sampled_from(PIECES)))
        elif how == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, max(0, len(lines[at]))))]
        else:
            lines[at] = re.sub(r'"[^"]*"', lambda _: repr(data.draw(words)), lines[at], count=1)
    path = tmp_path_factory.mktemp("space") / "space.py"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with in_time():
        try:
            space = load(str(path))
        except SpaceError as error:
            assert str(path) in str(error)
            return
        except KeyboardInterrupt:  # as if somebody had pressed Ctrl-C meanwhile: nobody can tell the two apart
            assert "raise KeyboardInterrupt" in lines
            return
        space.configuration(space.baseline())


anything = st.one_of(words, json_values, st.sampled_from([(), [], {}, None, Level("a"), Range("a.b", 0, 1)]))
levels = st.builds(Level, words, st.one_of(st.dictionaries(words, anything, max_size=2), anything))
factors = st.builds(
    Factor,
    st.one_of(st.sampled_from(["pooling", "a", "b"]), words),
    st.one_of(st.sampled_from(["scientific", "nuisance", "fixed"]), anything),
    anything,
    st.one_of(st.lists(levels, max_size=3).map(tuple), anything),
    st.one_of(st.none(), st.builds(Range, words, anything, anything), anything),
)


def some(kind: Any) -> Any:
    return st.one_of(st.just(()), st.lists(kind, max_size=2).map(tuple), anything)


@cases(full=250, short=40)
@given(
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.just("space"), anything),
            "goal": anything,
            "factors": st.one_of(st.lists(factors, max_size=3).map(tuple), anything),
            "design": st.one_of(st.sampled_from(["search", "grid"]), anything),
            "base": st.one_of(st.dictionaries(words, anything, max_size=2), anything),
            "recipes": some(st.builds(Recipe, words, anything, anything)),
            "constraints": some(st.builds(Constraint, anything, anything)),
        }
    )
)
def test_a_space_is_sound_or_refused_when_it_is_made(parts: Any) -> None:
    with in_time():
        try:
            space = Space(**parts)
        except SpaceError as error:
            assert error.faults
            return
        assert space.size() >= 1


# Data in the course's layout

FIELDS = (
    "", "0", "4", "5", "-1", "2.5", "nan", "inf", "1e400", "A fine film .", '"', '""', '"open', '"a"b', "\t", "\\",
    "x" * 9000,
)  # fmt: skip


@functools.cache
def course() -> dict[str, bytes]:
    """The demo's sentences in the course's files."""
    files: dict[str, bytes] = {}
    made = demo.generate()
    for task, stem in (("sst", "ids-sst"), ("quora", "quora"), ("sts", "sts")):
        description = components.build("tasks", task, {})
        layout = description.files
        for name, split in ((layout.train, made[task].train), (layout.dev, made[task].dev)):
            header = "\t".join(["", layout.id_column, *description.text_columns, description.label_column])
            rows = [header]
            for i in range(12):
                texts = [split.texts[i], *([split.texts2[i]] if split.texts2 else [])]
                rows.append("\t".join([str(i), split.ids[i], *texts, f"{split.labels[i]:g}"]))
            files[name] = "\n".join(rows).encode() + b"\n"
        assert stem in layout.train
    return files


@st.composite
def damaged_files(draw: st.DrawFn) -> dict[str, bytes | None]:
    files: dict[str, bytes | None] = dict(course())
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=3)):
        whole = files[name] or b""
        how = draw(st.sampled_from(("bytes", "bytes", "field", "field", "line", "ends", "gone", "latin")))
        lines = whole.split(b"\n")
        at = draw(st.integers(0, len(lines) - 1))
        if how == "bytes":
            files[name] = draw(damaged_bytes(whole))
        elif how == "field":
            fields = lines[at].split(b"\t")
            place = draw(st.integers(0, len(fields) - 1))
            fields[place] = draw(st.one_of(st.sampled_from(FIELDS), words)).encode("utf-8", "surrogatepass")
            files[name] = b"\n".join([*lines[:at], b"\t".join(fields), *lines[at + 1 :]])
        elif how == "line":
            files[name] = b"\n".join([*lines[:at], draw(st.binary(max_size=40)), *lines[at:]])
        elif how == "ends":
            files[name] = b"\xef\xbb\xbf" + whole.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\n", b""])))
        elif how == "latin":
            files[name] = whole.replace(b"a", "é".encode("latin-1"))
        else:
            files[name] = None
    return files


@cases(full=250, short=40)
@given(damaged_files(), st.booleans())
def test_data_is_read_or_refused_by_file(tmp_path_factory: Any, files: dict[str, bytes | None], strict: bool) -> None:
    folder = tmp_path_factory.mktemp("data")
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content)
    tasks = [components.build("tasks", task, {}) for task in ("sst", "quora", "sts")]
    with in_time():
        try:
            corpus = read_folder(folder, tasks, strict=strict)
        except DataError as error:
            assert str(folder) in str(error)
            return
        assert not (strict and corpus.issues)
        for data in corpus.tasks.values():
            assert len(data.train) and len(data.dev) and len(data.test)


# Arguments


def calm(main: Any, arguments: list[str], *codes: int) -> None:
    said = command(main, arguments)
    require_calm(said, *codes)
    assert "hunter2" not in said.out + said.err, f"a password was told: {arguments}"


LAUNCH = [one for one in declared(Settings, Options) if one.field not in ("debug", "plan", "rehearse")]
FLAGS = {
    launch: (*(one.option for one in LAUNCH), "--no-share", "--nonsense"),
    status: ("--name", "--storage", "--failed", "--json", "--nonsense"),
    doctor: ("--name", "--storage", "--store", "--fix", "--json", "--nonsense"),
    report: ("--name", "--storage", "--format", "--out", "--nonsense"),
    export: ("--name", "--storage", "--format", "--out", "--nonsense"),
    dashboard: ("--storage", "--host", "--port", "--token", "--nonsense"),
    spaces_command: ("list", "show", "--json", "--nonsense"),
}  # fmt: skip
GOOD = {
    "--space": ("pooling", "heads", "nowhere.py", "zhang_pooling"),
    "--set": ("pooling=mean", "pooling=", "=", "pooling=mean=x", "nothing=1"),
    "--objectives": ("score", "score,train_seconds", "score,score", ","),
    "--tasks": ("sst", "sst,sts", "sst,sst", "nothing"),
    "--phases": ("search", "search,report", "report,search", "x"),
    "--name": ("r", "s"), "--format": ("html", "csv"), "--store": ("runs", "runs/store", "nowhere"),
    **{one.option: tuple(one.flag.choices) for one in LAUNCH if one.flag.choices},
    **{one.option: ("2", "0", "-1", "0.5") for one in LAUNCH if {one.flag.least, one.flag.above} != {None}},
}  # fmt: skip


@pytest.mark.parametrize("module", list(FLAGS), ids=lambda module: module.__name__)
def test_arguments_are_followed_or_refused(
    module: Any, tmp_path: Path, rehearsed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(rehearsed.folder / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    # Ends without a study, a server, or a question to the network: what is fuzzed comes before.
    before = {launch: ["--plan", "--rehearse"], dashboard: ["--name", "none"]}.get(module, [])

    @cases(full=60, short=15)
    @given(st.data())
    def test(data: st.DataObject) -> None:
        arguments = list(before)
        for _ in range(data.draw(st.integers(1, 4))):
            flag = data.draw(st.sampled_from(FLAGS[module]))
            value = data.draw(
                st.one_of(st.sampled_from(GOOD.get(flag, ("1",))), words.filter(lambda word: "://" not in word))
            )
            value = (
                data.draw(st.sampled_from([value, value, "sqlite:///runs/studies.db"]))
                if flag == "--storage"
                else value
            )
            arguments += data.draw(st.sampled_from([[flag, value], [flag, value], [flag]]))
        if module is launch and {"--space", "--name", "--data"} & set(arguments) and "--trainer" in arguments:
            return
        calm(module.main, [argument.replace("\x00", "") for argument in arguments], 0, 2, 3)

    test()


@pytest.mark.parametrize("flag", ["--name", "--storage"])
def test_no_word_is_too_odd_for_a_name_or_a_database(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("results.database.retry.RECONNECT_SECONDS", 0.1)
    rest = [] if flag == "--name" else ["--name=x"]
    for word in NASTY:
        if "\x00" in word or word == "--":
            continue  # no process is given a NUL; of "--flag=--" argparse makes an empty list (mended in Python 3.13)
        for main in (status.main, report.main, doctor.main, dashboard.main):
            calm(main, [f"{flag}={word}", *rest], 2)
        assert list(tmp_path.rglob("*")) == [], f"{flag}={word!r}"


# Databases

READERS = (
    (status.main, []), (status.main, ["--failed"]), (status.main, ["--json"]), (doctor.main, []),
    (doctor.main, ["--fix"]), (report.main, ["--out", "out.html"]), (export.main, ["--out", "out"]),
)  # fmt: skip


def readers(data: st.DataObject, storage: str, name: str) -> None:
    """Two of the commands that read a database, and its list."""
    for main, more in data.draw(st.lists(st.sampled_from(READERS), min_size=2, max_size=2, unique_by=id)):
        calm(main, ["--storage", storage, "--name", name, *more], 0, 2, 3)
    calm(status.main, ["--storage", storage], 0, 2)
    calm(dashboard.main, ["--storage", storage, "--name", f"{name}-not"], 2)


@cases(full=120, short=15)
@given(st.data())
def test_the_database_of_another_program_is_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("database")
    path = folder / "other.db"
    ours = ("study_meta", "run", "studies", "lease", "mtbert_alembic_version", "alembic_version", "version_info")
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in data.draw(st.lists(st.sampled_from((*ours, "things")), max_size=3, unique=True)):
            columns = data.draw(
                st.lists(st.sampled_from(["id", "study_name", "version_num", "x"]), min_size=1, unique=True)
            )
            connection.execute(f"create table {table} ({', '.join(columns)})")
            row = [data.draw(st.sampled_from([1, "r", "0001", None, b"\xff"])) for _ in columns]
            connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        readers(data, f"sqlite:///{path}", "r")


@cases(full=120, short=15)
@given(st.data())
def test_a_damaged_file_is_refused_or_read(tmp_path_factory: Any, rehearsed: Place, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("database")
    path = folder / "damaged.db"
    path.write_bytes(data.draw(damaged_bytes(rehearsed.database.read_bytes())))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        readers(data, f"sqlite:///{path}", "r")


COLUMNS = {
    "study_meta": (
        "space", "created_at", "data_json", "settings_json", "space_json", "decisions_json", "status", "seed",
    ),
    "run": (
        "config_json", "choices_json", "seed", "status", "phase", "started_at", "score", "train_seconds",
        "config_digest", "trial_number",
    ),
    "cell": ("name", "design", "config_digest", "choices_json", "position", "factor"),
    "prediction": ("payload", "task", "split"),
    "environment": ("packages_json", "threads"),
    "task_metric": ("value", "task"),
    "epoch_metric": ("value", "epoch"),
    "lease": ("pid", "expires_at", "host"),
}  # fmt: skip


@cases(full=140, short=15)
@given(st.data())
def test_rows_that_this_program_never_wrote_are_refused(
    tmp_path_factory: Any, rehearsed: Place, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("database")
    path = folder / "odd.db"
    shutil.copy(rehearsed.database, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for _ in range(data.draw(st.integers(1, 2))):
            table = data.draw(st.sampled_from(sorted(COLUMNS)))
            column = data.draw(st.sampled_from(COLUMNS[table]))
            value = data.draw(
                st.one_of(
                    st.sampled_from(
                        [None, b"\xff\x00", 1, -1, 0.5, 2**62, "", "x", "{", "[]", "{}", "1", "null", "NaN"]
                    ),
                    # Status shows what stands in a row: there it is no password that somebody gave.
                    json_values.map(as_text).map(lambda text: text.replace("hunter2", "x")),
                )
            )
            which = data.draw(st.sampled_from(["", " where rowid = 1"]))
            with suppress(sqlite3.IntegrityError):
                connection.execute(f"update {table} set {column} = ?{which}", (value,))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        readers(data, f"sqlite:///{path}", "r")


# Saved models and prepared data


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of the smallest kind, saved."""
    import mtbert
    from mtbert import checkpoint
    from mtbert.encoder.backbones import load_tokenizer

    config = parse({"backbone": "tiny", "data": {"max_tokens": 16}})
    folder = tmp_path_factory.mktemp("saved") / "model"
    checkpoint.save(mtbert.build(config), config, load_tokenizer("tiny"), folder)
    mtbert.load(folder)
    return folder


@cases(full=200, short=25)
@given(st.data())
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path_factory: Any, saved: Path, data: st.DataObject) -> None:
    import mtbert

    folder = tmp_path_factory.mktemp("damaged") / "model"
    folder.mkdir()
    broken = data.draw(st.sampled_from(("config.json", "encoder.json", "model.safetensors", "tokenizer.json")))
    for file in saved.iterdir():
        if file.name != broken:
            (folder / file.name).hardlink_to(file)
    (folder / broken).write_bytes(data.draw(damaged_bytes((saved / broken).read_bytes())))
    with in_time():
        try:
            model = mtbert.load(folder)
        except MtbertError as error:
            assert isinstance(error, CheckpointError | ConfigurationError) and str(error).strip()
            return
        with suppress(MtbertError):
            model.predict("sst", ["A fine film ."])


@cases(full=100, short=30)
@given(st.data())
def test_damaged_prepared_data_is_refused_by_name(tmp_path_factory: Any, prepared: Path, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "prepared"
    shutil.copytree(prepared, folder)
    broken = data.draw(st.sampled_from(sorted(file.name for file in prepared.iterdir())))
    (folder / broken).write_bytes(data.draw(damaged_bytes((prepared / broken).read_bytes())))
    with in_time(), suppress(DataError):
        load_prepared(folder)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mtbert.data.load import load_corpus
    from mtbert.data.prepared import prepare
    from mtbert.encoder.backbones import load_tokenizer

    folder = tmp_path_factory.mktemp("whole") / "prepared"
    corpus = load_corpus("demo", ("sst", "quora"))
    prepare(corpus, load_tokenizer("tiny"), max_tokens=16, train_examples=20, folder=folder)
    return folder
