"""A real browser: Playwright's package drives the system's Chromium. No browser is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from results.report.csp import content_security_policy

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

    def anew(self) -> Opened:
        """Everything as it is when the report has just been opened: all runs, sections open, the system's theme."""
        self.page.bring_to_front()  # of two pages, only the one in front scrolls
        self.page.evaluate(
            """() => {
                history.replaceState(null, "", "#runs=");
                dispatchEvent(new HashChangeEvent("hashchange"));
                for (const fold of document.querySelectorAll("details.fold")) fold.open = true;
                delete document.documentElement.dataset.theme;
            }"""
        )
        return self

    def width(self) -> tuple[int, int]:
        """Of what the page takes, and of what it has."""
        found = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return found[0], found[1]


@contextmanager
def opening(browser: Browser, folder: Path) -> Iterator[Open]:
    """Opens a report's text from a file, or as a server with its policy sends it (`policy=True`)."""
    contexts = []

    def open_report(
        text: str, *, width: int = 1440, fragment: str = "", dark: bool = False, policy: bool = False
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
            file = folder / "report.html"
            file.write_text(text, encoding="utf-8")
            page.goto(f"file://{file}{fragment}")
        return found

    yield open_report
    for context in contexts:
        context.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    with opening(browser, tmp_path) as open_report:
        yield open_report


@pytest.fixture(scope="module")
def drawn(browser: Browser, tmp_path_factory: pytest.TempPathFactory, finished_page: str) -> Iterator[list[Opened]]:
    """The report of the finished study on a desk, and on a phone in the dark: to open and draw it takes seconds."""
    with opening(browser, tmp_path_factory.mktemp("drawn")) as open_report:
        found = [open_report(finished_page), open_report(finished_page, width=390, dark=True)]
        for report in found:
            report.drawn()
        yield found


@pytest.fixture
def report(drawn: list[Opened]) -> Opened:
    return drawn[0].anew()


@pytest.fixture
def phone(drawn: list[Opened]) -> Opened:
    return drawn[1].anew()
