"""The report's sections between the figures and the data, in the order of the page. A new one is a file and a line."""

from results.sections import errors, transfer
from results.sections.section import BuiltSection, Content, Section, build_all

__all__ = ["SECTIONS", "BuiltSection", "Content", "Section", "build_all"]

SECTIONS: tuple[Section, ...] = (
    Section("transfer", "What each change does to each task", transfer.build),
    Section("errors", "Where it errs", errors.build),
)
