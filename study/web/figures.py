"""The report's figures in Optuna's pages: the same data, in light colours, which Optuna's pages have by themselves."""

from __future__ import annotations

from collections.abc import Iterable

import plotly.graph_objects as go
from optuna.study import Study
from optuna_dashboard import save_plotly_graph_object
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

from results.figure import Figure
from results.static_figures import STYLE, page_colours, plotly_figure


def keep(study: Study, figures: Iterable[Figure]) -> None:
    """Let Optuna's pages of `study` show these; one that is there already is not written again."""
    there = get_plotly_graph_objects(study._storage.get_study_system_attrs(study._study_id))
    colours = page_colours(STYLE.read_text(encoding="utf-8"))
    for figure in figures:
        drawn = go.Figure(plotly_figure(figure, colours))
        if there.get(figure.id) != drawn.to_json():
            save_plotly_graph_object(study, drawn, graph_object_id=figure.id)
