"""The report's sections between the figures and the data, in the order of the page. A new one is a file and a line."""

from results.sections import (
    added,
    claims,
    errors,
    fronts,
    importance,
    interactions,
    ledger,
    luck,
    path,
    transfer,
)
from results.sections.section import BuiltSection, Content, Section, build_all

__all__ = ["SECTIONS", "BuiltSection", "Content", "Section", "build_all"]

SECTIONS: tuple[Section, ...] = (
    Section("claims", "Claims of the report", claims.build),
    Section("added", "What each change does alone", added.build),
    Section("path", "From the baseline to the best", path.build),
    Section("interactions", "Which choices change each other's effect", interactions.build),
    Section("transfer", "What each change does to each task", transfer.build),
    Section("fronts", "Trade-offs", fronts.build),
    Section("importance", "What mattered in the search", importance.build),
    Section("ledger", "How much tuning each level got", ledger.build),
    Section("luck", "What the search promised, what fresh seeds gave", luck.build),
    Section("errors", "Where it errs", errors.build),
)
