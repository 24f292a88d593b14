"""docs/techniques.md names every technique that can be searched, and every space of a report's table."""

from __future__ import annotations

import re
from pathlib import Path

import search_spaces
from search_spaces.grammar.choices import places

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "techniques.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`=?([^`]+)`", PAGE))
NOT_TECHNIQUES = ("none", "off", "same")
FACTORS = [place.factor for place in places(search_spaces.load("full_ablation").factors) if not place.conditions]


def test_every_level_that_is_measured_is_named() -> None:
    missing = [
        f"{factor.name}={level}"
        for factor in FACTORS
        for level in factor.level_names()
        if factor.role == "scientific" and level not in NOT_TECHNIQUES and not {level, f"{factor.name}={level}"} & NAMED
    ]
    assert not missing


def test_every_space_of_a_reports_table_is_named() -> None:
    of_reports = [name for name in search_spaces.names() if search_spaces.load(name).rows]
    assert len(of_reports) == 14 and set(of_reports) <= NAMED


def test_every_technique_has_a_measured_cost() -> None:
    tables = re.findall(r"((?:^\|.*\n)+)", PAGE, flags=re.M)
    costs = []
    for lines in (table.splitlines() for table in tables):
        header = [cell.strip() for cell in lines[0].strip("|").split("|")]
        if "level" in header:
            rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines[2:]]
            costs += [row[header.index("cost")].strip() for row in rows]
    assert len(costs) > 60
    assert not [cost for cost in costs if not re.fullmatch(r"(\d+\.\d\dx( to \d+\.\d\dx)?( \*)?|—)", cost)]
    assert sum(cost != "—" for cost in costs) > 55
