"""The report's sections between leaderboard and cost, in the order of the page; a new one adds a line here."""

from results.report.sections import (
    added,
    claims,
    errors,
    figures,
    fronts,
    importance,
    interactions,
    methods,
    own_metrics,
    path,
    screen,
    transfer,
    tuning,
    variance,
)
from results.report.sections.section import BuiltSection, Content, Section, build_all

__all__ = ["SECTIONS", "BuiltSection", "Content", "Section", "build_all"]

SECTIONS: tuple[Section, ...] = (
    Section("screen", "Which changes matter at all", screen.build, "Screen"),
    Section("path", "From the baseline to the best", path.build, "Baseline to best"),
    Section("added", "What each change does alone", added.build, "Each change alone"),
    Section("transfer", "What each change does to each task", transfer.build, "Task by task"),
    Section("own_metrics", "What else was measured", own_metrics.build, "Other metrics"),
    Section("methods", "Configurations by tasks, as a table for a paper", methods.build, "For a paper"),
    Section("interactions", "Which choices change each other's effect", interactions.build, "Interactions"),
    Section("importance", "What mattered in the search", importance.build, "Importance"),
    Section("slices", "Score against each choice", figures.build_slices, "Choice by choice"),
    Section("fronts", "What a better score costs", fronts.build, "Score and cost"),
    Section("search", "How the search went", figures.build_search, "The search"),
    Section("tuning", "Tuning effort and selection bias of the search", tuning.build, "Tuning effort"),
    Section("variance", "Where the variance of a score comes from", variance.build, "Variance by source"),
    Section("curves", "How training went", figures.build_curves, "Learning curves"),
    Section("timeline", "Timeline of runs", figures.build_timeline, "Timeline"),
    Section("errors", "Error analysis", errors.build, "Errors"),
    Section("claims", "Claims of the report", claims.build, "Claims"),
)
