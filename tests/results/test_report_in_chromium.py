"""The report in a browser: every figure is drawn and the console stays silent."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from browser import FLAGS, chromium

from results.records import Database
from results.report import write_report
from results.run_list import FIRST_ROWS
from tests.results.conftest import BASELINE, StudyMaker


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


@pytest.mark.slow
def test_chromium_makes_the_rows_that_the_page_does_not_have(light: StudyMaker, tmp_path: Path) -> None:
    light.study()
    for seed in range(FIRST_ROWS + 5):
        light.complete(BASELINE, seed, predictions=False)
    file = tmp_path / "report.html"
    write_report(light.database, light.name, file)
    click = '<script>document.querySelector("#runs-more button").click()</script></body>'
    file.write_text(file.read_text(encoding="utf-8").replace("</body>", click), encoding="utf-8")
    done = subprocess.run(
        [chromium(), *FLAGS, f"--user-data-dir={tmp_path}/profile", f"file://{file}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    rows = re.findall(r'<tr class="faint">(.*?)</tr>', done.stdout, re.DOTALL)
    told = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    assert len(told) == FIRST_ROWS + 5
    assert told[-1].startswith(f"{FIRST_ROWS + 5} search the baseline {FIRST_ROWS + 4} complete 0.")
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line.upper()] == []
