"""The version of this package's code: a hash that moving and rewording leave as it is.

The hash is of the set of all top-level statements in all files, as syntax trees, and does not depend on

- comments, docstrings and line breaks;
- the message of an exception that is raised, since a stage that raises has no result;
- the file that a definition is in: files have no name here, imports of this package are left out, and `module.name` is
  the same as `name`;
- the version of Python, as far as that only adds optional fields to the syntax tree.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_IGNORED_FIELDS = {"ctx", "kind", "type_comment"}


@cache
def code_version(package: Path = PACKAGE) -> str:
    """Return the hash of a package's source code, 64 hex digits.

    Raises:
        SyntaxError: a file is not valid Python.
    """
    statements = {text for path in package.rglob("*.py") for text in _statements(path, package)}
    return hashlib.sha256("\n".join(sorted(statements)).encode()).hexdigest()


def _statements(path: Path, package: Path) -> Iterator[str]:
    """Yield the top-level statements of a file as text; an import of several names is several statements."""
    tree = ast.parse(path.read_bytes())
    for node in _Normalizer(tree, package).visit(tree).body:
        if isinstance(node, ast.ImportFrom):
            yield from (f"from {node.module} {ast.unparse(alias)}" for alias in node.names)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield str(_as_lists(node))


def _as_lists(node: object) -> object:
    """Return a syntax tree as nested lists, without empty fields: versions of Python differ in these."""
    if isinstance(node, list):
        return [_as_lists(part) for part in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _IGNORED_FIELDS]
    return [type(node).__name__, *((name, _as_lists(value)) for name, value in fields if value not in (None, []))]


class _Normalizer(ast.NodeTransformer):
    """A transformer that removes everything that the hash does not depend on from a syntax tree."""

    def __init__(self, tree: ast.Module, package: Path) -> None:
        self.package = package
        self.module_name = re.compile(rf"\b{package.name}(\.\w+)+")
        self.modules = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and self._is_own(node.module)
            for alias in node.names
            if self._is_module(f"{node.module}.{alias.name}")
        }

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Remove docstrings."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """Remove imports of the package's own names."""
        return None if self._is_own(node.module) else node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Remove the arguments of exceptions."""
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Replace `module.name` by `name` where the module is the package's own."""
        is_own = isinstance(node.value, ast.Name) and node.value.id in self.modules
        return ast.Name(node.attr, node.ctx) if is_own else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Remove the names of the package's own modules from strings."""
        text = self.module_name.sub(self.package.name, node.value) if isinstance(node.value, str) else node.value
        return ast.Constant(text)

    def _is_own(self, module: str | None) -> bool:
        return module is not None and module.split(".")[0] in (self.package.name, "__future__")

    def _is_module(self, name: str) -> bool:
        path = self.package.parent.joinpath(*name.split("."))
        return path.is_dir() or path.with_suffix(".py").is_file()
