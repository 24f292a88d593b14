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
from pathlib import Path

import pytest
from processes import below, command_line, titled
from rehearsed import Rehearsed, gone_soon

SERVED = re.compile(r"The report as it grows: (http://127\.0\.0\.1:\d+)/report")
pytestmark = pytest.mark.slow


def study(folder: Path, **given: object) -> Rehearsed:
    return Rehearsed(folder, f"sqlite:///{folder}/s.db", more=("--open",), **given)  # type: ignore[arg-type]


def served(found: Rehearsed, process: subprocess.Popen[bytes]) -> str:
    """The address, once the launch has said it."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        told = SERVED.findall(found.log())
        if told:
            return str(told[-1])
        assert process.poll() is None, found.log()
        time.sleep(0.1)
    raise AssertionError(found.log())


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=200) as answer:
        return str(answer.read().decode())


def mark_of(report: str) -> str:
    return str(json.loads(re.findall('id="following">(.*?)</script>', report)[0])["mark"])


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a browser would have been told to open: a program of that name that notes it."""
    browser, noted = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {noted}\n', encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    return noted


def test_it_grows_while_the_study_runs_and_a_page_gets_the_end(tmp_path: Path, opened: Path) -> None:
    found = study(tmp_path, trials=24, seconds=1.0)
    process = found.start()
    try:
        address = served(found, process)
        mark = mark_of(get(f"{address}/report"))
        states = []
        while process.poll() is None:  # as the page does
            try:
                state = json.loads(get(f"{address}/report/state?mark={mark}"))
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                break
            states.append(state)
            if state["mark"] != mark:
                report = get(f"{address}/report")
                mark = mark_of(report)
            time.sleep(0.5)
        assert process.wait(timeout=60) == 0, found.log()
    finally:
        process.kill()
        process.wait()
    assert {state["status"] for state in states} >= {"running"} and states[-1]["status"] == "done"
    assert len({state["mark"] for state in states}) >= 3
    assert opened.read_text() == f"{address}/report\n"
    written = (tmp_path / "out" / "s" / "report.html").read_text(encoding="utf-8")
    assert report.startswith(written.rpartition("</body>")[0]), "the last page is the report that was written"
    assert "following" not in written
    gone_soon(process.pid)


def test_nobody_looks_and_the_launch_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = study(tmp_path, trials=2, seconds=0.0)
    process = found.start()
    assert process.wait(timeout=120) == 0, found.log()
    assert SERVED.search(found.log())
    gone_soon(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_driver(tmp_path: Path, number: int) -> None:
    found = study(tmp_path, trials=60, seconds=2.0)
    process = found.start()
    try:
        address = served(found, process)
        assert "<h1>" in get(f"{address}/report")
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: the whole group
        else:
            process.send_signal(number)
        assert process.wait(timeout=60) == (130 if number != signal.SIGKILL else -9), found.log()
    finally:
        process.kill()
        process.wait()
    gone_soon(process.pid)
    with pytest.raises(urllib.error.URLError):
        get(f"{address}/report")


def test_the_study_goes_on_when_it_dies(tmp_path: Path) -> None:
    found = study(tmp_path, trials=8, seconds=0.3)
    process = found.start()
    try:
        served(found, process)
        (server,) = titled(below(process.pid), "study.web.live")
        assert f"{tmp_path}/s.db" not in command_line(server), "a storage's URL may have a password"
        server.kill()
        assert process.wait(timeout=120) == 0, found.log()
    finally:
        process.kill()
        process.wait()
    found.check_end()
    gone_soon(process.pid)


def test_nobody_writes_and_other_names_are_not_answered(tmp_path: Path) -> None:
    found = study(tmp_path, trials=60, seconds=1.0)
    process = found.start()
    try:
        address = served(found, process)
        for method, headers, status in (("DELETE", {}, 403), ("POST", {}, 403), ("GET", {"Host": "evil.example"}, 403)):
            asked = urllib.request.Request(f"{address}/report", method=method, headers=headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(asked, timeout=200)
            refused.value.close()
            assert refused.value.code == status
    finally:
        process.kill()
        process.wait()
    gone_soon(process.pid)
