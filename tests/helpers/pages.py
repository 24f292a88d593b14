"""Pages driven as a person drives them: Playwright on the machine's own Chromium, which downloads no browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser import chromium

try:
    from playwright.sync_api import Error, sync_playwright
except ModuleNotFoundError:
    Error, sync_playwright = Exception, None

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium; where there is none the test is skipped, and fails under CI."""
    found = chromium()
    if sync_playwright is None:
        assert not os.environ.get("CI"), "CI must have Playwright (the extra dev)"
        pytest.skip("no Playwright on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


__all__ = ["Error", "browser"]
