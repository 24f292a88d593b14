"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import search_spaces

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_links_lead_to_files_that_exist() -> None:
    for document in DOCUMENTS:
        links = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in link]
        assert [link for link in links if not (document.parent / link).exists()] == [], document


# Folders in which every file is one more of the same, so that the page names the folder alone.
ONE_OF_A_KIND = (
    *(f"mtbert/{kind}" for kind in ("adapters", "balancers", "heads", "poolings", "regularizers", "samplers", "tasks")),
    "results/migrations",
    "results/sections",
    "study/tracking",
)


def test_the_architecture_page_names_every_file() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page))
    spaces = {*search_spaces.names(), "abstract", "__init__", "__main__"}
    files = (
        file for package in ("mtbert", "search_spaces", "study", "results") for file in (ROOT / package).rglob("*.py")
    )
    missing = {str(f.relative_to(ROOT)) for f in files if f.stem not in words | spaces}
    assert {name for name in missing if not name.startswith(ONE_OF_A_KIND)} == set()
