"""A real browser: Playwright's package drives the system's Chromium. No browser is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from results.policy import content_security_policy
from results.records import open_database
from results.rendering import render_report

Open = Callable[..., "Opened"]
ADDRESS = "http://report.test/"


class Opened:
    """A report in the browser, and everything that its console said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def drawn(self) -> None:
        """Wait for the figures."""
        self.page.wait_for_selector("html[data-figures=drawn]", state="attached", timeout=120_000)

    def rows(self) -> list[str]:
        """The first column of the list of runs."""
        return self.page.locator("#runs-table tbody tr td:first-child").all_inner_texts()

    def width(self) -> tuple[int, int]:
        """Of what the page takes, and of what it has."""
        found = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return found[0], found[1]


@pytest.fixture(scope="session")
def report_of_finished(finished_url: str) -> str:
    """The report of the finished study, made once."""
    with open_database(finished_url) as database:
        return render_report(database, "demo-study")


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a report's text from a file, or as a server with its policy sends it (`policy=True`)."""
    contexts = []

    def open_report(
        text: str,
        *,
        width: int = 1440,
        fragment: str = "",
        dark: bool = False,
        policy: bool = False,
    ) -> Opened:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        found = Opened(page)
        if policy:
            headers = {"Content-Security-Policy": content_security_policy(text), "Content-Type": "text/html"}
            page.route("**/*", lambda route: route.fulfill(body=text, headers=headers))
            page.goto(ADDRESS + fragment)
        else:
            file = tmp_path / "report.html"
            file.write_text(text, encoding="utf-8")
            page.goto(f"file://{file}{fragment}")
        return found

    yield open_report
    for context in contexts:
        context.close()
