"""The structure of the packages: which imports are allowed, and how large things may be.

`study` imports the other packages; `results` imports a few modules of `search_spaces` and no torch; `mtbert` and
`search_spaces` import none of ours. No imports form a cycle, not even inside functions or for type checkers. The
sub-packages import each other exactly as docs/architecture.md shows. Only `results/database` opens the database.
`tests/helpers/structure.py` prints the sizes and their limits.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from source_tree import PACKAGES, ROOT, Source, cycle, file_arrows, imports, room_arrows, sources, within
from structure import measures, table

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
DATABASE = "results/database"
# A row of a table of docs/architecture.md: sub-package, purpose, the sub-packages of the same package that it imports.
ROOM_ROW = re.compile(r"^\| `(\w+/\w+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)


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
    """Return the imports of Optuna's private modules, which any of its releases may change."""
    return [
        f"{source.path}:{imported.line} imports {imported.target}"
        for source in found
        for imported in imports(source)
        if imported.target.startswith("optuna") and "._" in imported.target
    ]


def database_faults(found: list[Source]) -> list[str]:
    faults = []
    for source in found:
        if source.room == DATABASE or not any(maker in source.text for maker in ENGINE_MAKERS):
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


def test_no_imports_form_a_cycle(project: list[Source]) -> None:
    assert cycle(file_arrows(project)) == []
    assert cycle(room_arrows(project)) == []


def test_sub_packages_import_each_other_as_the_architecture_page_shows(project: list[Source]) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {source.room for source in project if len(source.path.parts) > 2}
    shown = {room: {f"{room.split('/')[0]}/{name}" for name in names.split()} for room, names in ROOM_ROW.findall(page)}
    actual = {room: targets & folders for room, targets in room_arrows(project).items() if room in folders}
    assert shown == actual


def test_nothing_is_larger_than_its_limit(project: list[Source]) -> None:
    rows = measures(project)
    assert not any(row.exceeded() for row in rows), table(rows)


def test_sizes_above_their_limits_are_found(tmp_path: Path) -> None:
    method = "\n    def method_{}(self):\n        pass\n"
    found = made_up(
        tmp_path,
        **{f"results__crowded__file_{number}": "" for number in range(21)},
        results__long="x = 1\n" * 301,
        results__wide="class Wide:\n" + "".join(method.format(number) for number in range(16)),
    )
    assert [row.name for row in measures(found) if row.exceeded()] == [
        "Python files in the largest folder",
        "lines of the longest file",
        "public methods of the largest class",
    ]


def test_only_the_database_package_opens_the_database(project: list[Source]) -> None:
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


def test_a_cycle_is_found(tmp_path: Path) -> None:
    found = made_up(
        tmp_path,
        results__a="from results import b",
        results__b="from .c import x",
        results__c="if True:\n    import results.a",
    )
    assert set(cycle(file_arrows(found))) == {"results.a", "results.b", "results.c"}


@pytest.mark.parametrize(
    "text",
    ["def f():\n    import results.a", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import results.a"],
)
def test_an_import_inside_a_function_or_for_types_alone_makes_a_cycle_too(tmp_path: Path, text: str) -> None:
    found = made_up(tmp_path, results__a="import results.b", results__b=text)
    assert set(cycle(file_arrows(found))) == {"results.a", "results.b"}


def test_a_cycle_of_sub_packages_is_found_where_no_files_form_one(tmp_path: Path) -> None:
    found = made_up(
        tmp_path,
        results__one__a="import results.two.b",
        results__two__b="",
        results__two__c="from results.one import d",
        results__one__d="",
    )
    assert cycle(file_arrows(found)) == []
    assert set(cycle(room_arrows(found))) == {"results/one", "results/two"}


def test_opening_the_database_elsewhere_is_found(tmp_path: Path) -> None:
    text = "import sqlalchemy as sa\nengine = sa.create_engine('sqlite://')"
    found = made_up(tmp_path, study__driver=text, results__database__url=text, results__x=text)
    assert database_faults(found) == ["results/x.py:2 calls create_engine", "study/driver.py:2 calls create_engine"]


def test_migrations_may_open_the_database(tmp_path: Path) -> None:
    text = "from sqlalchemy import create_engine\ncreate_engine('sqlite://')"
    assert database_faults(made_up(tmp_path, results__database__migrations__first=text)) == []


def test_an_import_of_a_private_module_of_optuna_is_found(tmp_path: Path) -> None:
    text = "import optuna\ndef f():\n    from optuna.samplers._tpe.sampler import default_gamma"
    found = private_faults(made_up(tmp_path, study__samplers=text))
    assert len(found) == 1 and found[0].startswith("study/samplers.py:3 imports optuna.samplers._tpe.sampler")
