"""A headless Chromium: the DOM of a page after its scripts ran, and what the console said."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--v=0", "--dump-dom"),
)


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    assert found, "CI must have a Chromium"
    return found


def opened(url: str, profile: Path, milliseconds: int = 10_000) -> tuple[str, list[str]]:
    """The DOM as HTML once so much of the page's own time has passed, and the lines of its console."""
    done = subprocess.run(
        [chromium(), *FLAGS, f"--virtual-time-budget={milliseconds}", f"--user-data-dir={profile}", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line.upper()]
