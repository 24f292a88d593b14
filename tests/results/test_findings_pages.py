"""Pages of findings for a repository: numbers with their command, the scoreboard, and what was written by hand kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_studies import write

from results.errors import ResultsError
from results.export import main
from results.findings_pages import FIRST, LAST, scored, write_pages
from results.outcome import outcome
from results.printed import all_claims
from results.records import Database

Said = pytest.CaptureFixture[str]
CLS = {"sst": [0.55, 0.552, 0.549], "quora": [0.7, 0.701, 0.699], "sts": [0.4, 0.402, 0.399]}
MEAN = {"sst": [0.5, 0.499, 0.502], "quora": [0.8, 0.802, 0.8], "sts": [0.4, 0.398, 0.397]}
ROWS = {"Baseline(CLS)": CLS, "Mean pooling": MEAN}
HEADS = {
    f"{name} and map": {"sts": [score, score + 0.01, score - 0.01]}
    for name, score in (("Concatenation", 0.3), ("Dot product", 0.4), ("Difference", 0.1))
} | {"Scaled Cosine Similarity": {"sts": [0.7, 0.72, 0.69]}}
COMMAND = "python -m study.launch --space zhang_pooling --data '/home/me/my data' --layers 3"


@pytest.fixture
def database(light: Any) -> Database:
    found: Database = light.database
    return found


def zhang(database: Database, **told: object) -> None:
    settings = {"epochs": 2, "layers": 3, "train_examples": 200, "learning_rate_times": 10.0}
    given = {"command": COMMAND, "data_source": "/home/me/my data", "settings_json": settings, **told}
    write(database, "zhang_pooling", ROWS, space_json={"design": "grid"}, **given)


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a page as a reader of Markdown sees them: rows of cells."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level > 2:
            found[-1][-1].append("".join(part.content for part in token.children or ()))
    return found


def elements(text: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    return [part for token in parsed for part in (token, *(token.children or ()))]


def test_pages_have_claims_printed_rows_their_command_and_what_was_written_by_hand(
    database: Database, tmp_path: Path
) -> None:
    zhang(database)
    write_pages([(database, "s")], tmp_path)
    text = (tmp_path / "s.md").read_text(encoding="utf-8")
    claims, printed, rows = tables(text)
    assert [(row[1], row[2], row[4].split(" (")[0], row[5]) for row in claims[1:]] == [
        ("average", "+7.4", "replicated", "3"),
        ("SST", "+3.2", "replicated", "3"),
    ]
    assert claims[1][3].startswith("+1.6 [")
    assert printed[1][:1] + printed[1][-5:] == [
        "Baseline(CLS)", "0.550 ± 0.002", "0.700 ± 0.001", "0.400 ± 0.002", "0.550 ± 0.001", "3",
    ]  # fmt: skip
    assert (rows[1][0], rows[1][2], rows[1][4]) == ("Mean pooling", "helps", "3")
    assert "    python -m study.launch --space zhang_pooling --data DATA --layers 3\n" in text
    assert "The baseline, Baseline(CLS), scores 0.550" in text
    assert "/home/me" not in text and "seeds 1000, 1001, 1002" in text
    assert "the first 3 layers of tiny, at most 200 training examples a task" in text
    assert "learning rates times 10" in text
    # The scoreboard has every claim once and says what was not run.
    text = (tmp_path / "scoreboard.md").read_text(encoding="utf-8")
    assert "Of the 46 claims of the five reports, 2 replicated, 44 not run." in text
    told = [row for table in tables(text) for row in table[1:]]
    assert sorted(row[0] for row in told) == sorted(claim.statement for claim in all_claims())
    assert [row[4] for row in told if row[3]] == ["replicated", "replicated"]
    assert text.count("[zhang_pooling](s.md)") == 2
    # What was written by hand stays, and all else is written anew.
    page = tmp_path / "s.md"
    first = page.read_text(encoding="utf-8")
    hand = f"{FIRST}\nThe mean helps *similarity* most.\n\nTwo paragraphs.\n{LAST}"
    page.write_text(first.replace(f"{FIRST}\n{LAST}", hand) + "an old number 0.123\n", encoding="utf-8")
    write_pages([(database, "s")], tmp_path)
    assert page.read_text(encoding="utf-8") == first.replace(f"{FIRST}\n{LAST}", hand)


def test_one_table_measured_again_leaves_what_other_studies_said(database: Database, tmp_path: Path) -> None:
    zhang(database)
    write(database, "kumar_sts_heads", HEADS, name="k", backbone="minilm")
    both = tmp_path / "both"
    write_pages([(database, "s"), (database, "k")], both)
    whole = (both / "scoreboard.md").read_text(encoding="utf-8")
    assert whole.count("[kumar_sts_heads](k.md)") == 3
    write_pages([(database, "s")], both)
    assert (both / "scoreboard.md").read_text(encoding="utf-8") == whole
    (both / "k.md").unlink()
    write_pages([(database, "s")], both)
    write_pages([(database, "s")], tmp_path / "one")
    alone = (tmp_path / "one" / "scoreboard.md").read_text(encoding="utf-8")
    assert (both / "scoreboard.md").read_text(encoding="utf-8") == alone and "44 not run" in alone


def test_a_page_that_has_another_table_now_keeps_no_claim(database: Database, tmp_path: Path) -> None:
    zhang(database)
    write(database, "kumar_sts_heads", HEADS, name="k")
    write_pages([(database, "s")], tmp_path)
    board = tmp_path / "scoreboard.md"
    board.write_text(board.read_text(encoding="utf-8").replace("(s.md)", "(k.md)"), encoding="utf-8")
    write_pages([(database, "k")], tmp_path)
    assert "[zhang_pooling](" not in board.read_text(encoding="utf-8")


def test_a_claim_of_which_nothing_was_measured_is_not_run(database: Database) -> None:
    write(database, "zhang_pooling", {"Baseline(CLS)": CLS})
    verdicts = {one.claim.space: one.verdict for one in scored({"s": outcome(database, "s")})}
    assert verdicts["zhang_pooling"] == "not run"


def test_texts_of_others_do_nothing_on_a_page(database: Database, tmp_path: Path) -> None:
    hostile = "<img src=x> | [a](http://x) ![b](http://y) `c` *d*\n# e"
    zhang(database, goal=hostile, command=f"launch it's {hostile}", backbone=hostile)
    write_pages([(database, "s")], tmp_path)
    found = elements((tmp_path / "s.md").read_text(encoding="utf-8"))
    assert [part.content for part in found if part.type == "code_inline"] == ["DATA"]
    assert not {"link_open", "image", "html_inline", "em_open"} & {part.type for part in found}
    assert [part.content.strip() for part in found if part.type == "html_block"] == [FIRST, LAST]
    assert sum(part.type == "heading_open" for part in found) == 5


def test_a_space_of_ones_own_has_a_page_and_no_scoreboard(database: Database, tmp_path: Path) -> None:
    settings = {"epochs": 1, "trials": 4, "confirm": 2, "designs": ["pairs"], "phases": ["search", "confirm"]}
    write(database, "mine", {"one": CLS, "two": MEAN}, settings_json=settings)
    write_pages([(database, "s")], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["s.md"]
    answer = (tmp_path / "out" / "s.md").read_text(encoding="utf-8").split("## The answer\n\n")[1]
    assert answer.startswith("**Best: two.** ") and "It scores 0.566" in answer.splitlines()[0]
    assert [row[0] for row in tables(answer)[1]][1:] == ["two", "one"]
    assert "- Search: 4 trials" in answer and "- Confirm: the best 2" in answer and "- Ablate" not in answer


def test_two_pages_of_one_name_are_refused_and_nothing_is_written(database: Database, tmp_path: Path) -> None:
    zhang(database)
    with pytest.raises(ResultsError, match=r"Two pages would be named s\.md"):
        write_pages([(database, "s"), (database, "s")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_pages_in_place_of_tables(database: Database, tmp_path: Path, capsys: Said) -> None:
    zhang(database)
    arguments = ["--name", "s", "--storage", f"sqlite:///{tmp_path}/studies.db", "--findings"]
    for more in ([], ["--figures", "svg", "--out", str(tmp_path / "out")]):  # they want a folder
        assert main([*arguments, *more]) == 2
        assert "--findings --out DIR" in capsys.readouterr().err
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["s.md", "scoreboard.md"]
