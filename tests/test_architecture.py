"""The import arrows of DESIGN.md, read from the source of every file, and checked on made-up files first.

`study` imports everything; `results` itself, `search_spaces.grammar` and `search_spaces.output`, and no torch; `mtbert`
and `search_spaces` none of ours. No package has a cycle of imports at module level. Only `results/records*.py`,
`results/schema*.py` and the migrations open the database.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mtbert", "search_spaces", "results", "study")

# What a package may import of ours, besides itself.
OURS = {
    "mtbert": (),
    "search_spaces": (),
    "results": ("search_spaces.grammar", "search_spaces.output"),
    "study": ("mtbert", "search_spaces", "results"),
}
# What of others, where that is limited: always, and only inside a function (optional extras).
THIRD_PARTY: dict[str, tuple[set[str], set[str]]] = {
    "mtbert": (
        {"torch", "numpy", "tokenizers", "safetensors", "pydantic", "pydantic_core"},
        {"huggingface_hub", "datasets"},
    ),
    "search_spaces": (set(), set()),
}
NOT_IN_RESULTS = {"torch", "tokenizers", "safetensors"}
ENGINE_MAKERS = {"create_engine", "engine_from_config"}
DATABASE_FILES = ("records*.py", "schema*.py", "migrations")  # or folders, directly below results


class Import(NamedTuple):
    """One imported module or name, dotted, and whether importing the file already needs it."""

    target: str
    line: int
    at_module_level: bool


class Source(NamedTuple):
    """One file: its place below the root, its module name, its text and syntax tree."""

    path: PurePath
    module: str
    text: str
    tree: ast.Module


def sources(root: Path) -> list[Source]:
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
        elif not isinstance(child, ast.expr):  # in which no import can be
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(source, child, at_module_level=at_module_level and not inside)


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".") if source.path.name == "__init__.py" else source.module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def within(target: str, module: str) -> bool:
    return target == module or target.startswith(f"{module}.")


def arrow_faults(found: list[Source]) -> list[str]:
    faults = []
    for source in found:
        package = source.path.parts[0]
        for imported in imports(source):
            if imported.target.split(".")[0] not in PACKAGES or within(imported.target, package):
                continue
            if not any(within(imported.target, allowed) for allowed in OURS[package]):
                faults.append(f"{source.path}:{imported.line} imports {imported.target}")
    return faults


def third_party_faults(found: list[Source]) -> list[str]:
    faults = []
    for source in found:
        package = source.path.parts[0]
        for imported in imports(source):
            top = imported.target.split(".")[0]
            if top in PACKAGES or top in sys.stdlib_module_names:
                continue
            always, inside_functions = THIRD_PARTY.get(package, ({top}, set()))
            allowed = top in always or (not imported.at_module_level and top in inside_functions)
            if not allowed or (package == "results" and top in NOT_IN_RESULTS):
                faults.append(f"{source.path}:{imported.line} imports {top}")
    return faults


def private_faults(found: list[Source]) -> list[str]:
    """Imports of Optuna's private modules, which any of its releases may change."""
    return [
        f"{source.path}:{imported.line} imports {imported.target}"
        for source in found
        for imported in imports(source)
        if imported.target.startswith("optuna") and "._" in imported.target
    ]


def cycle(found: list[Source], *, everywhere: bool = False, by_folder: bool = False) -> list[str]:
    """The modules of one cycle of imports, in order; empty where there is none.

    Imports at module level alone, or `everywhere`: also those inside functions and for type checkers. `by_folder`: the
    files of a sub-package count as one module.
    """
    modules = {source.module for source in found}
    arrows: dict[str, set[str]] = {}
    for source in found:
        start = _folder(source.module) if by_folder else source.module
        for imported in imports(source):
            # `from package import name` needs the submodule of that name, or else the package itself
            target = imported.target if imported.target in modules else imported.target.rpartition(".")[0]
            if target in modules and (imported.at_module_level or everywhere):
                end = _folder(target) if by_folder else target
                if start != end or not by_folder:
                    arrows.setdefault(start, set()).add(end)
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


def _folder(module: str) -> str:
    """The sub-package directly below the package that a module is in; a file directly below the package itself."""
    return ".".join(module.split(".")[:2])


def database_faults(found: list[Source]) -> list[str]:
    faults = []
    for source in found:
        package, below, *_ = source.path.parts
        if package == "results" and any(fnmatch(below, pattern) for pattern in DATABASE_FILES):
            continue
        if not any(maker in source.text for maker in ENGINE_MAKERS):
            continue
        for node in ast.walk(source.tree):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
            if name in ENGINE_MAKERS:
                faults.append(f"{source.path}:{getattr(node, 'lineno', 0)} calls {name}")
    return faults


@pytest.fixture(scope="module")
def project() -> list[Source]:
    return sources(ROOT)


def test_packages_import_only_along_the_arrows(project: list[Source]) -> None:
    assert arrow_faults(project) == []


def test_packages_need_only_the_libraries_they_may_need(project: list[Source]) -> None:
    assert third_party_faults(project) == []


def test_no_private_module_of_optuna_is_imported(project: list[Source]) -> None:
    assert private_faults(project) == []


def test_no_cycle_of_imports_at_module_level(project: list[Source]) -> None:
    assert cycle(project) == []


@pytest.mark.parametrize("package", ["mtbert", "search_spaces"])
def test_no_cycle_of_any_imports_between_files_nor_between_sub_packages(project: list[Source], package: str) -> None:
    own = [source for source in project if source.path.parts[0] == package]
    assert cycle(own, everywhere=True) == [] and cycle(own, everywhere=True, by_folder=True) == []


def test_only_the_records_open_the_database(project: list[Source]) -> None:
    assert database_faults(project) == []


def test_every_package_was_read(project: list[Source]) -> None:
    assert {source.path.parts[0] for source in project} == set(PACKAGES)


def made_up(root: Path, **files: str) -> list[Source]:
    """Sources of made-up files; `results__report="import x"` is results/report.py."""
    for name, text in files.items():
        file = root / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return sources(root)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("mtbert__model", "import search_spaces", "imports search_spaces"),
        ("mtbert__model", "def f():\n    from study import driver", "imports study.driver"),
        ("search_spaces__pooling", "from mtbert.errors import unknown", "imports mtbert.errors.unknown"),
        ("results__report", "from search_spaces import load", "imports search_spaces.load"),
        ("results__report", "import mtbert.metrics", "imports mtbert.metrics"),
        ("results__report", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import study", "imports study"),
    ],
)
def test_an_import_against_an_arrow_is_found(tmp_path: Path, name: str, text: str, told: str) -> None:
    (fault,) = arrow_faults(made_up(tmp_path, **{name: text}))
    assert fault.endswith(told)


def test_imports_along_the_arrows_are_fine(tmp_path: Path) -> None:
    found = made_up(
        tmp_path,
        results__report="from search_spaces.grammar import Space\nfrom search_spaces import output\nfrom . import x",
        results__figures="from search_spaces import grammar",
        study__launch="import mtbert, results.report\nfrom search_spaces import load",
    )
    assert arrow_faults(found) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("mtbert__train", "import optuna", "mtbert/train.py:1 imports optuna"),
        ("mtbert__hub", "import datasets", "mtbert/hub.py:1 imports datasets"),
        ("mtbert__hub", "class A:\n    import datasets", "mtbert/hub.py:2 imports datasets"),
        ("mtbert__train", "def f():\n    import pandas", "mtbert/train.py:2 imports pandas"),
        ("search_spaces__loading", "import pydantic", "search_spaces/loading.py:1 imports pydantic"),
        ("results__load", "def f():\n    import torch", "results/load.py:2 imports torch"),
    ],
)
def test_a_library_that_is_not_allowed_is_found(tmp_path: Path, name: str, text: str, told: str) -> None:
    assert third_party_faults(made_up(tmp_path, **{name: text})) == [told]


def test_optional_libraries_are_fine_inside_functions(tmp_path: Path) -> None:
    found = made_up(tmp_path, mtbert__hub="import torch\ndef f():\n    import datasets", study__ray="import ray")
    assert third_party_faults(found) == []


def test_an_import_of_a_private_module_of_optuna_is_found(tmp_path: Path) -> None:
    text = "import optuna\ndef f():\n    from optuna.samplers._tpe.sampler import default_gamma"
    found = private_faults(made_up(tmp_path, study__samplers=text))
    assert len(found) == 1 and found[0].startswith("study/samplers.py:3 imports optuna.samplers._tpe.sampler")


def test_a_cycle_is_found(tmp_path: Path) -> None:
    found = made_up(
        tmp_path,
        results__a="from results import b",
        results__b="from .c import x",
        results__c="if True:\n    import results.a",
    )
    assert set(cycle(found)) == {"results.a", "results.b", "results.c"}


def test_an_import_inside_a_function_or_for_types_only_makes_no_cycle(tmp_path: Path) -> None:
    found = made_up(
        tmp_path,
        results__a="import results.b",
        results__b="def f():\n    import results.a",
        results__c="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import results.d",
        results__d="import results.c",
    )
    assert cycle(found) == []


def test_a_cycle_for_type_checkers_or_between_sub_packages_is_found(tmp_path: Path) -> None:
    types_only = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import results.d"
    found = made_up(tmp_path / "files", results__c=types_only, results__d="import results.c")
    assert set(cycle(found, everywhere=True)) == {"results.c", "results.d"}
    files = {"results__x__a": "import results.y.a", "results__y__a": "", "results__y__b": "import results.x.b"}
    found = made_up(tmp_path / "folders", **files, results__x__b="")
    assert cycle(found) == [] and set(cycle(found, by_folder=True)) == {"results.x", "results.y"}


def test_opening_the_database_elsewhere_is_found(tmp_path: Path) -> None:
    text = "import sqlalchemy as sa\nengine = sa.create_engine('sqlite://')"
    found = made_up(tmp_path, study__driver=text, results__records=text, results__records_runs=text, results__x=text)
    assert database_faults(found) == ["results/x.py:2 calls create_engine", "study/driver.py:2 calls create_engine"]


def test_migrations_may_open_the_database(tmp_path: Path) -> None:
    text = "from sqlalchemy import create_engine\ncreate_engine('sqlite://')"
    assert database_faults(made_up(tmp_path, results__migrations__versions__first=text)) == []
