"""The source files of the four packages, and what each imports."""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePath
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("mtbert", "search_spaces", "results", "study")


class Import(NamedTuple):
    """One imported module or name, dotted, and whether importing the file already needs it."""

    target: str
    line: int
    at_module_level: bool


class Source(NamedTuple):
    """One file: its path below the root, its module name, its text and syntax tree."""

    path: PurePath
    module: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The sub-package of the file, `results/analysis`; of a file at the top of its package, the file itself."""
        return "/".join(self.path.with_suffix("").parts[:2])


def sources(root: Path) -> list[Source]:
    """Read every source file of the packages below `root`."""
    found = []
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            path = file.relative_to(root)
            parts = path.with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = file.read_text(encoding="utf-8")
            found.append(Source(path, module, text, ast.parse(text)))
    return found


@functools.cache
def imports(source: Source) -> tuple[Import, ...]:
    """Return all imports of a file: at module level, inside functions, and for type checkers alone."""
    return tuple(_imports(source, source.tree, at_module_level=True))


def _imports(source: Source, node: ast.AST, *, at_module_level: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_module_level) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = _base(source, child)
            yield from (Import(f"{base}.{alias.name}", child.lineno, at_module_level) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield from _imports(source, ast.Module([part], []), at_module_level=False)
            for part in child.orelse:
                yield from _imports(source, ast.Module([part], []), at_module_level=at_module_level)
        elif not isinstance(child, ast.expr):  # an expression contains no import
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(source, child, at_module_level=at_module_level and not inside)


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".") if source.path.name == "__init__.py" else source.module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def within(target: str, module: str) -> bool:
    """Return whether `target` is the module, or something in it."""
    return target == module or target.startswith(f"{module}.")


def file_arrows(found: Collection[Source]) -> dict[str, set[str]]:
    """Return the modules of ours that each module imports, wherever in the file."""
    modules = {source.module for source in found}
    arrows: dict[str, set[str]] = {source.module: set() for source in found}
    for source in found:
        for imported in imports(source):
            # `from package import name` needs the submodule of that name, or else the package itself.
            target = imported.target if imported.target in modules else imported.target.rpartition(".")[0]
            if target in modules and target != source.module:
                arrows[source.module].add(target)
    return arrows


def room_arrows(found: Collection[Source]) -> dict[str, set[str]]:
    """Return the rooms that each room imports from, within its own package."""
    rooms = {source.module: source.room for source in found}
    arrows: dict[str, set[str]] = {room: set() for room in rooms.values()}
    for module, targets in file_arrows(found).items():
        room = rooms[module]
        same_package = {rooms[target] for target in targets if target.split(".")[0] == module.split(".")[0]}
        arrows[room] |= same_package - {room}
    return arrows


def cycle(arrows: Mapping[str, Collection[str]]) -> list[str]:
    """Return the nodes of one cycle in order; empty where there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return [str(node) for node in error.args[1]]
    return []
