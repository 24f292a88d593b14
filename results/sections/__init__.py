"""The report's sections between the figures and the data, in the order of the page. A new one is a file and a line."""

from results.sections import claims
from results.sections.section import BuiltSection, Content, Section, build_all

__all__ = ["SECTIONS", "BuiltSection", "Content", "Section", "build_all"]

SECTIONS: tuple[Section, ...] = (Section("claims", "Claims of the report", claims.build),)
