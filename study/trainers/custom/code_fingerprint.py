"""The code of a custom trainer: a hash of its module and of all that this imports from the user's own folders.

    hash(file) = SHA-256 of its syntax tree

without comments, docstrings, layout, what is for the command line (`if __name__ == "__main__"`), and the space that
may be in the same file (a study compares its space by itself). Libraries that are installed are not code of the user's.
Imports are read, not carried out: inside functions too, and those of `import_module` whose names begin with a text.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

OURS = ("mtbert", "search_spaces", "study", "results")
LIBRARIES = {"site-packages", "dist-packages"}
DIGITS = 12  # of a hash that people read
MOST_FILES = 5000
_STDLIB = Path(sysconfig.get_path("stdlib"))


class Seen(NamedTuple):
    """A file as it was when it was read: as long as this stays the same, so does its hash."""

    path: str
    modified_ns: int
    size: int

    def same(self) -> bool:
        """Return whether the file is still as it was."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return (now.st_mtime_ns, now.st_size) == (self.modified_ns, self.size)


class Code(NamedTuple):
    """The hash of every file by its name, and the files as they were."""

    files: dict[str, str]
    seen: tuple[Seen, ...]

    @property
    def digest(self) -> str:
        """One name for all the files together."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:DIGITS]


class Source(NamedTuple):
    """A file of the user's: the folder that its dotted name starts in, and the file below it."""

    root: Path
    file: Path

    @property
    def name(self) -> str:
        """As messages and the study's record have it: "package/module.py"."""
        return self.file.relative_to(self.root).as_posix()


def code_of(module: ModuleType) -> Code:
    """Return every file that the module's code is in; none of a module without a file of the user's."""
    path = getattr(module, "__file__", None)
    if path is None or not _is_own(file := Path(path).resolve()):
        return Code({}, ())
    root = file.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    waiting, found, seen = [Source(root, file)], dict[str, str](), list[Seen]()
    while waiting and len(found) < MOST_FILES:
        source = waiting.pop()
        if source.name in found:
            continue
        as_it_is = os.stat(source.file)
        seen.append(Seen(str(source.file), as_it_is.st_mtime_ns, as_it_is.st_size))
        found[source.name], tree = _read(source.file)
        if tree is not None:
            waiting += _imported(tree, source)
    return Code(dict(sorted(found.items())), tuple(seen))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return which files differ, for a message: "t.py, helper.py (new), old.py (gone)"."""
    told = [name for name, found in before.items() if name in now and now[name] != found]
    told += [f"{name} (new)" for name in now if name not in before]
    return ", ".join([*told, *(f"{name} (no longer imported)" for name in before if name not in now)])


def hash_of(text: str) -> str:
    """Return the hash of a source text. Raises `SyntaxError` where it is none."""
    return hashlib.sha256(_dump(_Code().visit(ast.parse(text))).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read(file: Path) -> tuple[str, ast.Module | None]:
    content = file.read_bytes()
    try:
        return hash_of(content.decode("utf-8")), ast.parse(content)
    except (SyntaxError, ValueError):  # no Python of this version, or another encoding
        return hashlib.sha256(content).hexdigest()[:16], None


class _Code(ast.NodeTransformer):
    """Leaves out what does not decide how a model is trained."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Return a text as a statement is a docstring or a comment."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Without the space, and what only the command line reads."""
        node.body = [each for each in node.body if not _is_space(each) and not _is_main(each)]
        return self.generic_visit(node)


def _is_space(node: ast.stmt) -> bool:
    """`SPACE = ...`, a factor by itself, and the import of their grammar."""
    if isinstance(node, ast.ImportFrom):
        return node.module is not None and node.module.partition(".")[0] == "search_spaces"
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        called = node.value.func if isinstance(node.value, ast.Call) else None
        kind = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        named = any(isinstance(target, ast.Name) and target.id == "SPACE" for target in targets)
        return named or kind in ("Space", "Factor", "Level", "Range", "Recipe")
    return False


def _is_main(node: ast.stmt) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _dump(node: object) -> str:
    """Return a syntax tree as text, alike in all versions of Python: what is empty is left out."""
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!r}"
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in ("ctx", "kind", "type_comment"))
    told = (f"{name}={_dump(value)}" for name, value in fields if value is not None and value != [])
    return f"{type(node).__name__}({','.join(told)})"


def _imported(tree: ast.Module, source: Source) -> Iterator[Source]:
    """Yield the files of the user's that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _found(alias.name.split("."), source)
        elif isinstance(node, ast.ImportFrom):
            parts = _absolute(node, source)
            for alias in node.names:
                yield from _found([*parts, alias.name], source)
        elif isinstance(node, ast.Call):
            yield from _called(node, source)


def _absolute(node: ast.ImportFrom, source: Source) -> list[str]:
    """Return the dotted name in `from ..a import b`, from the root on."""
    parts = node.module.split(".") if node.module else []
    if not node.level:
        return parts
    package = list(source.file.parent.relative_to(source.root).parts)
    return [*package[: len(package) - node.level + 1], *parts]


def _called(node: ast.Call, source: Source) -> Iterator[Source]:
    """`import_module("a.b")`, and of `import_module(f"a.{name}")` all of the package `a`."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in ("import_module", "__import__") or not node.args:
        return
    given = node.args[0]
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        yield from _found(given.value.split("."), source)
    first = given.values[0] if isinstance(given, ast.JoinedStr) and given.values else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value:
        parts = first.value.rpartition(".")[0].split(".")
        for root in _roots(parts[0], source):
            for file in sorted(root.joinpath(*parts).glob("**/*.py")):
                yield Source(root, file)


def _found(parts: list[str], source: Source) -> Iterator[Source]:
    """Yield the files that an import of a dotted name reads, with its packages; its last part may be no module."""
    if parts[0] in OURS or parts[0] in sys.stdlib_module_names:
        return
    for root in _roots(parts[0], source):
        folder = root
        for part in parts:
            file = next((f for f in (folder / part / "__init__.py", folder / f"{part}.py") if f.is_file()), None)
            if file is not None:
                yield Source(root, file.resolve() if file.resolve().is_relative_to(root) else file)
            folder = folder / part
            if not folder.is_dir():
                break
        return


def _roots(top: str, source: Source) -> Iterator[Path]:
    """Yield the folder of the user's, on the path, in which a top-level name is found first."""
    for entry in (str(source.root), *sys.path):
        root = Path(entry or os.curdir).resolve()
        there = (root / f"{top}.py").is_file() or (root / top).is_dir()
        if there and _is_own(root / top):
            yield root
            return
    try:
        spec = importlib.util.find_spec(top)  # a package that is installed as a link to its folder
    except (ImportError, ValueError):
        return
    if spec is not None and spec.origin is not None and _is_own(origin := Path(spec.origin)) and origin.is_file():
        yield origin.parent.parent if origin.name == "__init__.py" else origin.parent


def _is_own(path: Path) -> bool:
    """Return whether a file is the user's: neither Python's, nor of a library, nor of this project."""
    if LIBRARIES & set(path.parts) or path.is_relative_to(_STDLIB):
        return False
    project = Path(__file__).resolve().parents[3]
    return not any(path.is_relative_to(project / name) for name in OURS)
