"""The report that is served while a study runs: it grows, ends with its driver, and the study does not need it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gated import Gate
from processes import below, command_line, titled, until
from rehearsed import Rehearsed, gone_soon

SERVED = re.compile(r"Live report: (http://127\.0\.0\.1:\d+)/report")
SEARCH = ("--phases", "search,report", "--pruner", "none")
pytestmark = pytest.mark.slow


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def study(folder: Path, gate: Gate, *more: str) -> Rehearsed:
    return Rehearsed(folder, f"sqlite:///{folder}/s.db", trials=4, gate=gate, more=("--open", *more))


@contextmanager
def launched(found: Rehearsed) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The launch, and the address of its report once it has said it; no process is left."""
    process = found.start()
    try:
        until(lambda: SERVED.search(found.log()) or process.poll() is not None, found.log)
        (address,) = SERVED.findall(found.log())
        yield process, address
    finally:
        process.kill()
        process.wait()
    gone_soon(process.pid)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=200) as answer:
        return str(answer.read().decode())


class Page:
    """The report as a browser has it: it asks for the state, and comes anew where that has another mark."""

    def __init__(self, address: str) -> None:
        self._address, self.status = address, ""
        self._load()

    def _load(self) -> None:
        self.report = get(f"{self._address}/report")
        self.mark = str(json.loads(re.findall('id="following">(.*?)</script>', self.report)[0])["mark"])

    def came_anew(self) -> bool:
        """Ask once."""
        state = json.loads(get(f"{self._address}/report/state?mark={self.mark}"))
        self.status = state["status"]
        if state["mark"] == self.mark:
            return False
        self._load()
        return True


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a browser would have been told to open: a program of that name that notes it."""
    browser, noted = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {noted}\n', encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    return noted


def test_it_grows_while_the_study_runs_and_a_page_gets_the_end(tmp_path: Path, gate: Gate, opened: Path) -> None:
    found = study(tmp_path, gate, *SEARCH, "--trials", "3")
    with launched(found) as (process, address):
        page = Page(address)
        for _ in range(2):
            gate.let_through(1)
            until(page.came_anew, found.log)
            assert page.status == "running"
        gate.open()
        while process.poll() is None:
            try:
                page.came_anew()
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                break
            time.sleep(0.1)  # a page that is being looked at asks again and again
        found.wait(process, (0,))
    assert page.status == "done"
    assert opened.read_text() == f"{address}/report\n"
    written = (tmp_path / "out" / "s" / "report.html").read_text(encoding="utf-8")
    assert page.report.startswith(written.rpartition("</body>")[0]), "the last page is the report that was written"
    assert "following" not in written


def test_nobody_looks_and_the_launch_ends_at_once(tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    gate.open()
    found = study(tmp_path, gate, *SEARCH)
    with launched(found) as (process, _):
        found.wait(process, (0,))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_is_read_alone_and_ends_with_its_driver(tmp_path: Path, gate: Gate, number: int) -> None:
    found = study(tmp_path, gate)
    with launched(found) as (process, address):
        assert "<h1>" in get(f"{address}/report")
        for method, headers in (("DELETE", {}), ("POST", {}), ("GET", {"Host": "evil.example"})):
            asked = urllib.request.Request(f"{address}/report", method=method, headers=headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(asked, timeout=200)
            refused.value.close()
            assert refused.value.code == 403, method
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: the whole group
        else:
            process.send_signal(number)
        found.wait(process, (130 if number != signal.SIGKILL else -9,))
    with pytest.raises(urllib.error.URLError):
        get(f"{address}/report")


def test_the_study_goes_on_when_it_dies(tmp_path: Path, gate: Gate) -> None:
    found = study(tmp_path, gate)
    with launched(found) as (process, _):
        (server,) = titled(below(process.pid), "study.web.live_server")
        assert f"{tmp_path}/s.db" not in command_line(server), "a storage's URL may have a password"
        server.kill()
        gate.open()
        found.wait(process, (0,))
    found.check_end()
