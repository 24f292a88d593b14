"""The report's sections between the figures and the data, in the order of the page. A new one is a file and a line."""

from results.sections import added, interactions, path
from results.sections.section import BuiltSection, Content, Section, build_all

__all__ = ["SECTIONS", "BuiltSection", "Content", "Section", "build_all"]

SECTIONS: tuple[Section, ...] = (
    Section("added", "What each change does alone", added.build),
    Section("path", "From the baseline to the best", path.build),
    Section("interactions", "Which choices change each other's effect", interactions.build),
)
