"""Two launches that begin at once on a new database: both go on, whoever makes the tables."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState
from place import Place
from sqlalchemy.exc import OperationalError, ProgrammingError
from two_databases import database_of, kinds

from results.database.database import open_database
from results.database.rows import EnvironmentRow, StudyRow
from results.database.url import parse_url
from results.errors import LeaseHeld, StorageError
from search_spaces import load
from study.provenance.folder import locked_folder
from study.search import optuna_storage
from study.search.optuna_search import Search
from study.settings import SettingsError

pytestmark = pytest.mark.slow  # each test launches a study, or two

ASKED = (
    "--rehearse",
    "--space",
    "pooling",
    "--trials",
    "2",
    "--seeds",
    "2",
    "--confirm",
    "1",
)


def at_once(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Let threads begin at the same moment; what went wrong in them."""
    barrier, faults = threading.Barrier(count), list[BaseException]()

    def begin(number: int) -> None:
        try:
            barrier.wait(60)
            work(number)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return faults


def study(name: str) -> StudyRow:
    return StudyRow(
        study_name=name, space="s", goal="g", command="c", data_source="d", data_made_up=False, data_fingerprint="f",
        backbone="b", seed=0,
    )  # fmt: skip


@pytest.mark.parametrize("kind", kinds())
def test_all_that_begin_at_once_on_a_new_database_go_on(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url:

        def begin(number: int) -> None:
            with open_database(url) as database:
                database.studies.create(study(f"s{number}"))
                database.runs.environment_id(EnvironmentRow(python="3", platform="p", cpu="c", packages_json={}))
            space = load("pooling")
            found = Search(
                storage=url, name=f"s{number}", space=space, seed=0, sampler="random", pruner="none", known=()
            )
            trial = found.ask().number
            found.note(trial, {"seed": 0})
            found.tell(trial, [0.5], TrialState.COMPLETE)
            found.close()

        assert at_once(3, begin) == []
        with open_database(url) as database:
            assert sorted(database.studies.names()) == ["s0", "s1", "s2"]


@pytest.mark.parametrize("kind", kinds())
def test_of_two_drivers_of_one_new_study_one_is_told_of_the_other(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url:
        open_database(url).close()

        def begin(number: int) -> None:
            with open_database(url) as database:
                database.leases.take("s", f"pid {number} on host h{number}", f"h{number}", number, 0.0)

        faults = at_once(3, begin)
        assert [type(fault) for fault in faults] == [LeaseHeld, LeaseHeld]


@pytest.mark.parametrize("kind", kinds())
def test_an_environment_that_two_write_at_once_is_one_row(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url:
        open_database(url).close()
        found = list[int]()
        rows = [EnvironmentRow(python=str(n), platform="p", cpu="c", packages_json={}) for n in range(5)]

        def begin(_: int) -> None:
            with open_database(url) as database:
                found.extend(database.runs.environment_id(row) for row in rows)

        assert at_once(3, begin) == []
        assert len(found) == 15 and len(set(found)) == 5


def test_optunas_tables_are_opened_again_while_another_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optuna_storage, "OPENING_PAUSE_SECONDS", 0.0)
    url, faults = parse_url("postgresql://host/db"), [ProgrammingError("s", {}, Exception("exists")) for _ in range(3)]

    def make() -> str:
        if faults:
            raise faults.pop()
        return "made"

    assert optuna_storage.open_with_retries(make, url) == "made"  # type: ignore[arg-type, comparison-overlap]

    def never() -> str:
        raise OperationalError("SELECT secret_column", {}, Exception("table exists already"))

    with pytest.raises(StorageError, match="table exists already") as told:
        optuna_storage.open_with_retries(never, url)  # type: ignore[arg-type]
    assert "SELECT" not in str(told.value)


def test_a_folder_is_written_by_one_launch_at_a_time(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from study.provenance.folder import locked_folder\n"
        "with locked_folder(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    other = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    told = rf"Another launch \(pid {other.pid}\) is writing the folder.*--out DIR"
    with pytest.raises(SettingsError, match=told), locked_folder(tmp_path):
        pass
    other.communicate("")
    for _ in range(2):
        with locked_folder(tmp_path):
            pass


@pytest.mark.parametrize("kind", kinds())
def test_two_studies_and_one_twice_are_launched_at_once(tmp_path: Path, kind: str) -> None:
    place = Place(tmp_path)
    with database_of(kind, tmp_path) as url:
        begun = [place.start(*ASKED, "--storage", url, "--name", name) for name in ("a", "b", "b")]
        said = [process.communicate(timeout=300)[0] for process in begun]
        codes = [process.returncode for process in begun]
        assert codes[0] == 0, said[0]
        assert sorted(codes[1:]) in ([0, 2], [0, 0]), said  # where the first was done before the second began
        for code, text in zip(codes, said, strict=True):
            assert "Traceback" not in text and "INSERT" not in text and "CREATE" not in text, text
            assert code == 0 or "is being run by" in text, text
