"""`python -m study.dashboard`: what it refuses, and a server that is asked over the network."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from place import Place
from serving import dashboard_of

from study import dashboard

TOKEN = "a-token-of-some-length"
ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("sqlalchemy", "optuna", "jinja2", "torch", "pandas", "rich", "optuna_dashboard", "wsgiref")


@pytest.fixture
def server(storage: str) -> Iterator[tuple[str, int]]:
    """A dashboard that listens on a port of its own, with a token."""
    with dashboard_of(storage, token=TOKEN) as found:
        host, _, port = found.removeprefix("http://").partition(":")
        yield host, int(port)


def request(place: tuple[str, int], method: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*place, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_study_is_served_and_kept_from_changes(capsys: Any, server: tuple[str, int]) -> None:
    assert request(server, "GET", "/report")[0] == 200
    assert request(server, "GET", "/api/studies/1")[0] == 200
    assert request(server, "DELETE", "/api/studies/1")[0] == 403
    assert request(server, "GET", "/report", Host="evil.example")[0] == 403
    assert request(server, "GET", f"/?token={TOKEN}")[0] == 303
    assert b"study_name" in request(server, "GET", "/api/studies")[1]
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err


def test_a_fault_in_optunas_pages_is_a_line_and_no_traceback(capsys: Any, server: tuple[str, int]) -> None:
    assert request(server, "GET", "/api/studies/1?after=x")[0] == 500
    told = capsys.readouterr().err
    assert "Traceback" not in told and len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "s"), "No study named 's'"),
        (("--storage", "sqlite:///nowhere.db"), "There is no database at nowhere.db"),
        (("--storage", "nonsense"), "is not a database URL"),
        (("--host", "0.0.0.0"), "so it needs a token"),
        (("--token", " "), "The token is empty"),
        (("--port", "65536"), "--port must be a number from 0 to 65535"),
        (("--host", "no.such.host.invalid", "--token", TOKEN), "cannot listen on no.such.host.invalid"),
    ],
)
def test_one_message_for_what_cannot_be(
    rehearsed: Place, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(rehearsed.folder)
    assert dashboard.main(list(arguments)) == 2
    said = capsys.readouterr()
    assert told in said.err and len(said.err.splitlines()) == 1 and said.out == ""


def test_a_port_that_is_taken(storage: str, capsys: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert dashboard.main(["--storage", storage, "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port} (Address already in use)" in said and f"--port {port + 1}" in said


def test_without_the_package_one_learns_to_get_it(storage: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    monkeypatch.delitem(sys.modules, "study.web.application", raising=False)
    assert dashboard.main(["--storage", storage]) == 2
    assert capsys.readouterr().err == "The dashboard needs further packages: pip install 'mtbert-study[dashboard]'\n"


def test_help_needs_nothing_heavy() -> None:
    code = f"import sys, study.dashboard as d; d.parser(); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(rehearsed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(dashboard.TOKEN, TOKEN)
    command = rehearsed.command("--name", "r", "--port", "0", module="study.dashboard")
    with subprocess.Popen(
        command, cwd=rehearsed.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"r: http://127\.0\.0\.1:(\d+)/ \(changes need the token.*\n", line)
            assert found is not None, line
            assert request(("127.0.0.1", int(found[1])), "GET", "/")[0] == 200
        finally:
            process.send_signal(signal.SIGINT)
            try:
                rest = process.communicate(timeout=30)[0]
            finally:
                process.kill()
    assert process.returncode == 0 and rest == "" and TOKEN not in line
