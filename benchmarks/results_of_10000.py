"""How long all results of a large study take: its report and its tables, from SQL, each in a process of its own.

    python benchmarks/results_of_10000.py [--runs 10000] [--workers 2]

The study is a rehearsal of `full_ablation` with random search, so that its runs cost next to nothing: most are runs of
the search, the last hundred or so those of confirm and ablate with their predictions. Prints seconds, peak memory and
size, and how long the page takes to open in Chromium where Playwright (extra `dev`) finds one: until it stands and can
be read, and until all of its figures are drawn. Last the larger of the two times over the 30 s that are asked for.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ASKED_SECONDS = 30.0
NAME = "large"


class Cost(NamedTuple):
    """Wall time of a command, and the most memory that it had."""

    seconds: float
    megabytes: float


def command(*arguments: str) -> Cost:
    """Run `python -m ...`."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with status {status}")
    return Cost(time.perf_counter() - began, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def measure(folder: Path, runs: int, workers: int) -> Sequence[float]:
    """Make the study, then time what reads it; the seconds of report and tables."""
    place = ["--name", NAME, "--storage", f"sqlite:///{folder}/studies.db"]
    launch = ["study.launch", "--space", "full_ablation", "--rehearse", *place]
    launch += ["--trials", str(runs), "--sampler", "random", "--pruner", "none", "--workers", str(workers)]
    made = command(*launch, "--out", str(folder / "runs"))
    print(
        f"{runs} runs of the search, then confirm and ablate: {made.seconds:.0f} s, {made.megabytes:.0f} MB", flush=True
    )
    page, tables = folder / "report.html", folder / "tables"
    found = []
    for what, module, out in (("report", "results.report", page), ("tables", "results.export", tables)):
        cost = command(module, *place, "--out", str(out))
        size = sum(file.stat().st_size for file in ([page] if out == page else tables.iterdir())) / 1e6
        print(f"{what}: {cost.seconds:.1f} s, {cost.megabytes:.0f} MB at most, {size:.1f} MB written", flush=True)
        found.append(cost.seconds)
    opening(page)
    return found


def opening(page: Path) -> None:
    """How long the page takes to open, three times."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None or find_spec("playwright") is None:
        print("no Chromium that Playwright could drive: the page was not opened")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            began = time.perf_counter()
            tab.goto(f"file://{page}")
            stands = time.perf_counter() - began
            tab.wait_for_selector("html[data-figures=drawn]", state="attached")
            print(f"opened in {stands:.2f} s, all figures drawn after {time.perf_counter() - began:.2f} s")
            tab.close()
        browser.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.runs, options.workers)
    print(f"the slower of both over {ASKED_SECONDS:.0f} s: {max(found) / ASKED_SECONDS:.2f}")


if __name__ == "__main__":
    main()
