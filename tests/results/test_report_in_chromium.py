"""The report in a browser: every figure is drawn and the console stays silent."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from results.records import Database
from results.report import write_report

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--v=0", "--dump-dom"),
)


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    assert found, "CI must have a Chromium to open the report"
    return found


@pytest.mark.slow
@pytest.mark.parametrize("size", ["1440,1000", "500,900"])
def test_chromium_draws_every_figure_and_logs_no_error(finished: Database, tmp_path: Path, size: str) -> None:
    write_report(finished, "demo-study", tmp_path / "report.html")
    done = subprocess.run(
        [
            chromium(),
            *FLAGS,
            "--virtual-time-budget=10000",
            f"--user-data-dir={tmp_path}/profile",
            f"--window-size={size}",
            f"file://{tmp_path}/report.html",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.count('class="main-svg"') >= 3
    assert 'data-figures="drawn"' in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line.upper()] == []
