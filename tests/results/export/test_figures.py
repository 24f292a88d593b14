from __future__ import annotations

import builtins
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from browser import chromium

from results import export
from results.analysis.ablation import ablation_frame
from results.database.database import Database, open_database
from results.export.figures import STYLE, page_colours, plotly_figure, report_figures
from results.export.forest_plots import forest
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def drawn(finished_url: str) -> list[Figure]:
    with open_database(finished_url) as database:
        return report_figures(database, "demo-study")


def test_every_figure_of_the_report_and_every_table_with_bars_is_there(drawn: list[Figure]) -> None:
    names = [figure.id.removeprefix("figure-") for figure in drawn]
    assert {"curves", "trainable-parameters", "train-seconds", "intervals-ablation"} <= set(names)
    assert len(names) == len(set(names))


def test_colours_are_those_of_the_page_and_none_is_left_as_a_variable(drawn: list[Figure]) -> None:
    colours = page_colours(STYLE.read_text(encoding="utf-8"))
    assert colours["--best"].startswith("#")
    for figure in drawn:
        assert "var(" not in str(plotly_figure(figure, colours)), figure.id


def test_colours_of_two_schemes_are_the_light_ones_and_a_part_of_one_is_transparent() -> None:
    colours = page_colours("/* x */ :root { color-scheme: light dark; --best: light-dark(#0a6f53, #4fd1a5); }")
    assert colours == {"--best": "#0a6f53"}
    figure = Figure("figure-x", "a <b>", "", [{"fillcolor": "var(--best) 12%", "runs": ["1"]}], {})
    found = plotly_figure(figure, {**colours, "--line": "#000000", "--ink": "#000000"})
    assert found["data"] == [{"fillcolor": "rgba(10,111,83,0.12)"}]
    assert found["layout"]["title"]["text"] == "a &lt;b&gt;"


def test_a_row_of_a_forest_is_one_row_of_the_table(finished: Database, drawn: list[Figure]) -> None:
    (forest,) = [each for each in drawn if each.id == "figure-intervals-ablation"]
    table = ablation_frame(StudyResults(finished, "demo-study"))
    (trace,) = forest.traces
    assert trace["x"] == pytest.approx(list(100 * table["difference"]))
    assert len(forest.layout["yaxis"]["ticktext"]) == len(table)
    assert not any("<" in label for label in forest.layout["yaxis"]["ticktext"])


def test_a_row_without_a_verdict_has_an_open_mark_and_no_word(finished: Database) -> None:
    table = ablation_frame(StudyResults(finished, "demo-study"))
    table.loc[0, "verdict"], table.loc[1:, "verdict"] = None, "hurts"
    drawn = forest("ablation", table.to_dict("records"))
    assert drawn is not None
    labels, (trace,) = drawn.layout["yaxis"]["ticktext"], drawn.traces
    assert "(" not in labels[0] and labels[1].endswith("  (hurts)")
    assert trace["marker"]["symbol"][:2] == ["circle-open", "circle"]


def test_forest_plots_show_verdicts_by_shape_and_in_words_and_the_margin_as_a_band(finished: Database) -> None:
    table = ablation_frame(StudyResults(finished, "demo-study"))
    rows = [{**row, "within": 0.0231, "identical": False} for row in table.to_dict("records")[:2]]
    rows[0]["verdict"], rows[1]["verdict"] = "no gain", "open"
    drawn = forest("ablation", rows, margin=0.01)
    assert drawn is not None
    labels, (trace,), (band,) = drawn.layout["yaxis"]["ticktext"], drawn.traces, drawn.layout["shapes"]
    assert labels[0].endswith("  (no gain of more than 1 point)")
    assert labels[1].endswith("  (open, surely within ±2.4 points)")
    assert trace["marker"]["symbol"] == ["triangle-left", "circle-open"]
    assert (band["x0"], band["x1"]) == (-1, 1)


def test_without_kaleido_one_message_names_the_extra_and_nothing_is_written(
    light: Any, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "kaleido":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    light.study()
    storage = f"sqlite:///{tmp_path}/studies.db"
    given = ["--name", light.name, "--storage", storage, "--out", str(tmp_path / "out"), "--figures", "svg"]
    assert export.main(given) == 2
    said = capsys.readouterr()
    assert "pip install 'mtbert-study[figures]'" in said.err and "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


def test_no_browser_is_one_message(light: Any, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-chromium"))
    light.study()
    storage = f"sqlite:///{tmp_path}/studies.db"
    given = ["--name", light.name, "--storage", storage, "--out", str(tmp_path / "out"), "--figures", "png"]
    assert export.main(given) == 2
    said = capsys.readouterr().err
    assert "BROWSER_PATH" in said and len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_figures_are_written_as_files(finished_url: str, tmp_path: Path, kind: str) -> None:
    chromium()  # skips, or fails in CI
    given = ["--name", "demo-study", "--storage", finished_url, "--out", str(tmp_path), "--figures", kind]
    assert export.main(given) == 0
    files = {file.stem: file for file in tmp_path.glob(f"*.{kind}")}
    assert {"curves", "train-seconds", "intervals-ablation"} <= set(files)
    assert (tmp_path / "ablation.csv").exists()
    for file in files.values():
        content = file.read_bytes()
        if kind == "svg":
            root = ElementTree.fromstring(content)
            assert root.tag.endswith("svg") and not [e for e in root.iter() if e.tag.endswith(("script", "image"))]
        else:
            assert content.startswith(b"\x89PNG")
            width, height = struct.unpack(">II", content[16:24])
            assert width == 1800 and height >= 300
    if kind == "svg":
        text = "".join(ElementTree.fromstring(files["intervals-ablation"].read_bytes()).itertext())
        assert "pooling" in text and "Changes to the best" in text and "alert('x')" in text
