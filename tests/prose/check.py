"""Check the English of README, docs, docstrings, messages and the report: `python tests/prose/check.py [PATH ...]`.

proselint finds what any editor would mark; words.toml, beside this file, has the patterns of this house. A function's
docstring begins with a verb, a class's with a noun. Code, tables of numbers and quoted text are skipped.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from proselint.checks import __register__ as proselint_checks
from proselint.config import Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("mtbert", "search_spaces", "results", "study")
WORDS = Path(__file__).parent / "words.toml"
# The parts of proselint that suit technical text. Off: typography (code is ASCII), dates, spelling variants.
CHECKS = (
    "archaism", "cliches", "industrial_language", "malapropisms", "mixed_metaphors", "mondegreens",
    "needless_variants", "nonwords", "oxymorons", "redundancy", "uncomparables",
)  # fmt: skip


class Remark(NamedTuple):
    """One place where the English should be better."""

    place: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.text}"


class Rule(NamedTuple):
    """A pattern of words.toml, and what to write in its place."""

    name: str
    pattern: re.Pattern[str]
    write: str


@functools.cache
def not_verbs() -> frozenset[str]:
    """Return the words that no imperative sentence begins with."""
    return frozenset(tomllib.loads(WORDS.read_text(encoding="utf-8"))["not_a_verb"])


@functools.cache
def rules() -> list[Rule]:
    """Return the rules of words.toml."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))["rule"]
    return [
        Rule(rule["name"], re.compile(pattern, re.IGNORECASE), rule["write"])
        for rule in found
        for pattern in rule["patterns"]
    ]


def markdown_prose(text: str) -> str:
    """Return Markdown without its code, links' targets and HTML; every line stays where it is."""
    text = re.sub(r"^```.*?^```", _blank, text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"<!--.*?-->|<[^>\n]+>", _blank, text, flags=re.DOTALL)
    text = re.sub(r"`[^`]+`", "it", text)
    return re.sub(r"\]\([^)\n]*\)", "]", text)


def code_prose(text: str) -> str:
    """Return the docstrings and texts of Python source, each line where it is; code in backquotes is left out."""
    lines = [""] * (text.count("\n") + 1)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_prose(node.value):
            for offset, line in enumerate(node.value.split("\n")):
                at = min(node.lineno - 1 + offset, len(lines) - 1)
                lines[at] += f" {line}" if not line.startswith("    " * 4) else ""
    return re.sub(r"`[^`\n]+`", "it", "\n".join(lines))


def template_prose(text: str) -> str:
    """Return the text of a Jinja template, without tags, scripts and expressions; every line stays where it is."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|\{#.*?#\}|\{%.*?%\}", _blank, text, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", _blank, re.sub(r"\{\{.*?\}\}", _blank, text, flags=re.DOTALL))
    return re.sub(r"`[^`\n]+`", "it", text)


def _is_prose(value: str) -> bool:
    """Return whether a text has words enough to be a sentence, and is no pattern, query, script or style."""
    return len(re.findall(r"\b[a-z]{2,}\b", value)) >= 3 and not re.search(r"[{};]\s*\n|\\b|\(\?|SELECT |=>|</", value)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def docstring_remarks(place: str, text: str) -> Iterator[Remark]:
    """Yield the functions whose docstring does not begin with a verb."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_property(node):
            continue
        docstring = ast.get_docstring(node) or "Return"
        word = docstring.split()[0]
        if word.lower() in not_verbs() or not word[0].isalpha():
            yield Remark(place, node.lineno, f"{node.name}: a docstring begins with a verb, not {word!r}")


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def remarks(place: str, prose: str) -> Iterator[Remark]:
    """Yield what the house's patterns and proselint find in a text."""
    for number, line in enumerate(prose.split("\n"), 1):
        for rule in rules():
            for match in rule.pattern.finditer(line):
                yield Remark(place, number, f"{rule.name}: {match.group()!r} ({rule.write})")
    if prose.strip():
        config = Config(max_errors=1000, checks={name: True for name in CHECKS})
        for result in LintFile(place, prose).lint(config):
            yield Remark(place, result.pos[0] - 1, f"{result.check_result.check_path}: {result.check_result.message}")


def every_remark(root: Path = ROOT) -> Iterator[Remark]:
    """Yield all remarks on the documents and the source files below `root`."""
    registry = CheckRegistry()
    if not registry.checks:
        registry.register_many(proselint_checks)
    documents = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *root.glob("benchmarks/*.md")]
    documents.remove(root / "CHANGELOG.md")  # a record of what was written then
    code = [file for package in PACKAGES for file in (root / package).rglob("*.py")]
    templates = [file for package in PACKAGES for file in (root / package).rglob("*.j2")]
    kinds: list[tuple[list[Path], Callable[[str], str]]] = [
        (documents, markdown_prose),
        (code, code_prose),
        (templates, template_prose),
    ]
    for files, prose in kinds:
        for file in sorted(files):
            place, text = str(file.relative_to(root)), file.read_text(encoding="utf-8")
            yield from remarks(place, prose(text))
            if file.suffix == ".py":
                yield from docstring_remarks(place, text)


def main(arguments: list[str]) -> int:
    """Print the remarks, all or those of the paths that begin as an argument; 1 where there are any."""
    found = [remark for remark in every_remark() if not arguments or remark.place.startswith(tuple(arguments))]
    for remark in found:
        print(remark)
    print(f"{len(found)} remarks")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
