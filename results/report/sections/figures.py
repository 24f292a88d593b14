"""Sections that consist of figures: the search, score against each factor, learning curves, the timeline."""

from __future__ import annotations

from results.analysis.summary import Summary
from results.figures.learning_curves import learning_curves
from results.figures.parallel_coordinates import parallel
from results.figures.search import history
from results.figures.slices import slice_figure, slices, slices_sentence
from results.figures.timeline import timeline_figure, timeline_sentence
from results.measurements.study_results import StudyResults
from results.measurements.timeline import timeline
from results.report.sections.section import Figures
from results.text.formatting import plural


def build_search(results: StudyResults, summary: Summary) -> Figures | None:
    """Return history and parallel coordinates; None for a grid, and before the search has a score."""
    runs = sorted((run for run in results.runs if run.phase == "search"), key=lambda run: run.id)
    if summary.is_grid or not any(run.score is not None for run in runs):
        return None
    sampler = str(results.study.settings_json.get("sampler") or "")
    by = f", chosen by {sampler}" if sampler else ""
    tried = plural(len({run.config_digest for run in runs}), "configuration")
    figures = (history(results, summary, runs), parallel(results, summary, runs))
    sentence = f"The search tried {tried} in {plural(len(runs), 'run')}{by}."
    return Figures(tuple(figure for figure in figures if figure is not None), sentence)


def build_slices(results: StudyResults, summary: Summary) -> Figures | None:
    """Return one figure with a menu of factors, or None if no factor varies among the runs with a score."""
    factors = slices(results, summary)
    if not factors:
        return None
    return Figures((slice_figure(results, summary, factors),), slices_sentence(results, factors))


def build_curves(results: StudyResults, summary: Summary) -> Figures | None:
    """Return the learning curves, or None if no epoch has been scored."""
    figure = learning_curves(results, summary)
    sentence = "The score by epoch: every run, and the best and the baseline as means over their seeds."
    return Figures((figure,), sentence) if figure is not None else None


def build_timeline(results: StudyResults, summary: Summary) -> Figures | None:
    """Return the timeline of runs with the load of the workers, or None if no run has ended."""
    lanes = timeline(results.runs)
    if not lanes.bars:
        return None
    return Figures((timeline_figure(lanes, results.units.score),), timeline_sentence(lanes))
