"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_links_lead_to_files_that_exist() -> None:
    for document in DOCUMENTS:
        links = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in link]
        assert [link for link in links if not (document.parent / link).exists()] == [], document


def test_the_architecture_page_fits_two_screens() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page.count("\n") <= 120
