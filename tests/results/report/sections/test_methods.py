"""Configurations by tasks: the best in bold where verdicts say so, and the same in LaTeX and Markdown."""

from __future__ import annotations

import re
from typing import Any

from results.report.render import render_report
from results.report.sections import methods
from tests.results.conftest import BASELINE, BEST, StudyMaker
from tests.results.report.sections.test_search_sections import built


def confirmed(make: StudyMaker, best: float, change: float | None = None) -> StudyMaker:
    """A baseline, a best, and a change of it, three seeds each; how good the two are."""
    make.study()
    cells = [make.cell("confirm", "baseline", BASELINE, 0), make.cell("confirm", "confirm:1", BEST, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    decided = {"baseline": cells[0].config_digest, "best": cells[1].config_digest, "baseline_choices": BASELINE}
    make.database.studies.update(make.name, decisions_json=decided)
    for choices, quality in ((BASELINE, 0.4), (BEST, best)):
        for seed in (1000, 1001, 1002):
            make.complete(choices, seed, "confirm", quality=quality)
    if change is not None:
        told = {"factor": "schedule", "from_level": "constant", "to_level": "cosine"}
        other = {**BEST, "schedule": "cosine"}
        cell = make.cell("ablate", "one_at_a_time:schedule=cosine", other, 1, **told)
        make.database.studies.replace_cells(make.name, "ablate", [cell])
        for seed in (1000, 1001, 1002):
            make.complete(other, seed, "ablate", quality=change)
    return make


def test_a_best_that_verdicts_tell_is_in_bold(light: StudyMaker) -> None:
    found = built(methods, confirmed(light, 0.9).database)
    assert found.printed.bold == {(1, 0), (1, len(found.table.tasks) + 1)}
    assert "The best is in bold" in found.sentence() and "Bold: the best;" in found.printed.caption
    assert "\\textbf" in found.latex or "\\bf" in found.latex
    assert "**" in found.markdown


def test_a_best_within_noise_is_not(light: StudyMaker) -> None:
    found = built(methods, confirmed(light, 0.405).database)
    assert found.printed.bold == frozenset()
    assert "No row is in bold" in found.sentence() and "Bold" not in found.printed.caption


def test_nor_one_that_a_change_makes_better(light: StudyMaker) -> None:
    found = built(methods, confirmed(light, 0.6, change=0.95).database)
    assert found.printed.bold == frozenset()


def test_one_configuration_is_no_table(light: StudyMaker) -> None:
    light.study().complete(BASELINE, 1000, "confirm")
    assert built(methods, light.database) is None


def test_the_page_has_the_table_its_texts_and_links_to_runs(light: StudyMaker) -> None:
    make = confirmed(light, 0.9)
    page = render_report(make.database, make.name)
    section = re.search(r'<section id="methods".*?</section>', page, re.DOTALL)
    assert section is not None
    found: Any = built(methods, make.database)
    for row in found.printed.rows:
        assert all(text in section[0] for text in row[1:])
    assert section[0].count('class="runs" href="#runs=') == len(found.printed.rows) * (len(found.printed.columns) - 1)
    assert 'data-copy="methods-latex"' in section[0] and "\\begin{table" in section[0]
    assert 'data-copy="methods-markdown"' in section[0] and "| :--- |" in section[0]
