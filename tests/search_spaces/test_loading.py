"""Finding spaces: by name in the package, or in a user's own file with its faults told by line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import search_spaces
from search_spaces import SpaceError

OWN = """
from __future__ import annotations
from dataclasses import dataclass
from search_spaces.grammar import Factor, Level, Space

@dataclass
class Note:
    text: str

SPACE = Space("mine", "Mine?", (Factor("a", "scientific", "x", (Level("x"), Level("y"))),))
"""


def refused(name_or_file: str) -> str:
    with pytest.raises(SpaceError) as raised:
        search_spaces.load(name_or_file)
    return str(raised.value)


def written(folder: Path, text: str) -> str:
    file = folder / "my_space.py"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_names_are_the_spaces_and_not_the_machinery() -> None:
    assert {"full_ablation", "heads", "optimization", "pooling"} <= set(search_spaces.names())
    assert not {"grammar", "factors", "__init__", "loading"} & set(search_spaces.names())


def test_an_unknown_name_leads_to_the_nearest() -> None:
    assert refused("poolings").startswith("No space named 'poolings'. Did you mean 'pooling'? Known: full_ablation, ")


def test_a_module_that_is_no_space_is_unknown_and_a_name_cannot_leave_the_folder() -> None:
    for name in ("grammar", "factors", "__init__", "os", ""):
        assert f"No space named {name!r}." in refused(name)
    for name in ("../secret", "/etc/passwd", "a/b", "..\\secret"):
        assert refused(name).startswith(f"A space is a name or a file that ends in .py, got {name!r}.")


def test_a_users_file_gives_its_space_and_loading_leaves_nothing_beside_it(tmp_path: Path) -> None:
    assert search_spaces.load(written(tmp_path, OWN)).size() == 2
    assert [file.name for file in tmp_path.iterdir()] == ["my_space.py"]


def test_a_file_named_like_a_library_does_not_stand_in_for_it(tmp_path: Path) -> None:
    file = tmp_path / "decimal.py"
    file.write_text(OWN, encoding="utf-8")
    search_spaces.load(str(file))
    assert getattr(sys.modules.get("decimal"), "SPACE", None) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "x = 1\n",
            ":1: a space's file must define SPACE = Space(...); it has no SPACE. See search_spaces/spaces/pooling.py.",
        ),
        (
            "SPACE = {}\n",
            ":1: a space's file must define SPACE = Space(...); SPACE is dict. See search_spaces/spaces/pooling.py.",
        ),
        ("x = 1\ny = (\n", ":2: SyntaxError: '(' was never closed"),
        ("import json\n\njson.loads('')\nx = 1\n", ":3: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("from search_spaces import Space\n\nSPACE = Space('s', '?', ())\n", ":3: Space s needs at least one factor."),
        ("raise SystemExit(7)\n", ":1: SystemExit: 7"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    assert refused(file) == f"{file}{told}"


def test_a_file_that_is_missing_or_no_text(tmp_path: Path) -> None:
    assert refused("nowhere.py") == "Cannot read the space nowhere.py: No such file or directory."
    file = tmp_path / "my_space.py"
    file.write_bytes(b"\xff\xfe\x00")
    assert refused(str(file)).startswith(f"Cannot read the space {file}: it is not Python text")
