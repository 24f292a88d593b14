"""Fingerprint of a custom trainer: a hash of each file that its module imports from the user's own folders.

    hash(file) = SHA-256 of its syntax tree

without comments, docstrings, layout, the block `if __name__ == "__main__"`, and a space in the same file, which a study
compares separately. Installed libraries do not count as the user's code. Imports are read, not executed, inside
functions too; those of `import_module` must begin with a literal name.
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
DIGITS = 12  # of a hash in messages
MOST_FILES = 5000
_STDLIB = Path(sysconfig.get_path("stdlib"))


class Seen(NamedTuple):
    """The state of a file when it was read: its hash is the same while this is."""

    path: str
    modified_ns: int
    size: int

    def same(self) -> bool:
        """Return whether the file is unchanged."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return (now.st_mtime_ns, now.st_size) == (self.modified_ns, self.size)


class Code(NamedTuple):
    """The hash of every file by its name, and the states of the files."""

    files: dict[str, str]
    seen: tuple[Seen, ...]

    @property
    def digest(self) -> str:
        """A name for all files together."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:DIGITS]


class Source(NamedTuple):
    """A user's file, and the folder in which its dotted name begins."""

    root: Path
    file: Path

    @property
    def name(self) -> str:
        """The name in messages and in the study's record: "package/module.py"."""
        return self.file.relative_to(self.root).as_posix()


def code_of(module: ModuleType) -> Code:
    """Return the files of the module's code; none of a module that has no file or is not the user's."""
    path = getattr(module, "__file__", None)
    if path is None or not _is_own(file := Path(path).resolve()):
        return Code({}, ())
    root = file.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    queue, hashes, seen = [Source(root, file)], dict[str, str](), list[Seen]()
    while queue and len(hashes) < MOST_FILES:
        source = queue.pop()
        if source.name in hashes:
            continue
        state = os.stat(source.file)
        seen.append(Seen(str(source.file), state.st_mtime_ns, state.st_size))
        hashes[source.name], tree = _read(source.file)
        if tree is not None:
            queue += _imported(tree, source)
    return Code(dict(sorted(hashes.items())), tuple(seen))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return the files that differ, for a message: "t.py, helper.py (new), old.py (no longer imported)"."""
    names = [name for name, digest in before.items() if name in now and now[name] != digest]
    names += [f"{name} (new)" for name in now if name not in before]
    return ", ".join([*names, *(f"{name} (no longer imported)" for name in before if name not in now)])


def hash_of(text: str) -> str:
    """Return the hash of a source text.

    Raises:
        SyntaxError: the text is not Python.
    """
    return hashlib.sha256(_dump(_Code().visit(ast.parse(text))).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read(file: Path) -> tuple[str, ast.Module | None]:
    content = file.read_bytes()
    try:
        return hash_of(content.decode("utf-8")), ast.parse(content)
    except (SyntaxError, ValueError):  # Python of another version, or another encoding
        return hashlib.sha256(content).hexdigest()[:16], None


class _Code(ast.NodeTransformer):
    """Transformation of a syntax tree that removes code without influence on training."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Remove a string that is a statement: a docstring or a comment."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Remove the space and the code of the command line."""
        node.body = [each for each in node.body if not _is_space(each) and not _is_main(each)]
        return self.generic_visit(node)


def _is_space(node: ast.stmt) -> bool:
    """Return whether a statement is `SPACE = ...`, a separate factor, or the import of their grammar."""
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
    """Return a syntax tree as text without empty fields, the same in all versions of Python."""
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!r}"
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in ("ctx", "kind", "type_comment"))
    texts = (f"{name}={_dump(value)}" for name, value in fields if value is not None and value != [])
    return f"{type(node).__name__}({','.join(texts)})"


def _imported(tree: ast.Module, source: Source) -> Iterator[Source]:
    """Yield the user's files that a file imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(alias.name.split("."), source)
        elif isinstance(node, ast.ImportFrom):
            parts = _absolute(node, source)
            for alias in node.names:
                yield from _files_of([*parts, alias.name], source)
        elif isinstance(node, ast.Call):
            yield from _called(node, source)


def _absolute(node: ast.ImportFrom, source: Source) -> list[str]:
    """Return the absolute parts of the module in `from ..a import b`."""
    parts = node.module.split(".") if node.module else []
    if not node.level:
        return parts
    package = list(source.file.parent.relative_to(source.root).parts)
    return [*package[: len(package) - node.level + 1], *parts]


def _called(node: ast.Call, source: Source) -> Iterator[Source]:
    """Yield the file of `import_module("a.b")`, and all files of the package `a` for `import_module(f"a.{name}")`."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in ("import_module", "__import__") or not node.args:
        return
    argument = node.args[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield from _files_of(argument.value.split("."), source)
    first = argument.values[0] if isinstance(argument, ast.JoinedStr) and argument.values else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value:
        parts = first.value.rpartition(".")[0].split(".")
        if (root := _root(parts[0], source)) is not None:
            yield from (Source(root, file) for file in sorted(root.joinpath(*parts).glob("**/*.py")))


def _files_of(parts: list[str], source: Source) -> Iterator[Source]:
    """Yield the files that an import of a dotted name reads, packages included; the last part may be an attribute."""
    if parts[0] in OURS or parts[0] in sys.stdlib_module_names:
        return
    if (root := _root(parts[0], source)) is None:
        return
    folder = root
    for part in parts:
        file = next((f for f in (folder / part / "__init__.py", folder / f"{part}.py") if f.is_file()), None)
        if file is not None:
            yield Source(root, file.resolve() if file.resolve().is_relative_to(root) else file)
        folder = folder / part
        if not folder.is_dir():
            break


def _root(top: str, source: Source) -> Path | None:
    """Return the user's first folder on the path that has a top-level name; None where it is not the user's."""
    for entry in (str(source.root), *sys.path):
        root = Path(entry or os.curdir).resolve()
        if ((root / f"{top}.py").is_file() or (root / top).is_dir()) and _is_own(root / top):
            return root
    try:
        spec = importlib.util.find_spec(top)  # a package that is installed as a link to its folder
    except (ImportError, ValueError):
        return None
    if spec is not None and spec.origin is not None and _is_own(origin := Path(spec.origin)) and origin.is_file():
        return origin.parent.parent if origin.name == "__init__.py" else origin.parent
    return None


def _is_own(path: Path) -> bool:
    """Return whether a file is the user's: not Python's, a library's or this project's."""
    if LIBRARIES & set(path.parts) or path.is_relative_to(_STDLIB):
        return False
    project = Path(__file__).resolve().parents[3]
    return not any(path.is_relative_to(project / name) for name in OURS)
