"""The checker of the English finds what it is for, and leaves code alone."""

from __future__ import annotations

import sys

import pytest
from source_tree import ROOT

sys.path.insert(0, str(ROOT / "tests" / "prose"))

from check import code_prose, docstring_remarks, markdown_prose, remarks, template_prose


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The interval stands beside its number.", "literal verb"),
        ("The page comes anew.", "literal verb"),
        ("The study goes on where it was.", "go on"),
        ("Workers carry out a job.", "carry out"),
        ("It takes 3 examples a task.", "a for per"),
        ("A trainer of one's own.", "own"),
        ("What the worker was told.", "tell"),
    ],
)
def test_a_pattern_of_the_house_is_found_with_its_line(text: str, rule: str) -> None:
    (remark,) = remarks("page.md", f"\n{text}\n")
    assert (remark.line, remark.text.split(":")[0]) == (2, rule)


def test_plain_sentences_have_no_remark() -> None:
    text = "The interval is beside its number. `--workers 2` runs two runs at a time. It took the seconds a run takes."
    assert list(remarks("page.md", markdown_prose(text))) == []


def test_code_is_no_prose() -> None:
    page = "Words.\n\n    it goes on\n\n```\nit goes on\n```\n`goes on` [goes](goes on)\n"
    assert list(remarks("page.md", markdown_prose(page))) == []
    assert list(remarks("a.py", code_prose("goes_on = 1  # it goes on\n"))) == []
    assert list(remarks("a.j2", template_prose("<p>{{ goes on }}{# it goes on #}</p>"))) == []


def test_texts_of_code_and_templates_keep_their_lines() -> None:
    assert [remark.line for remark in remarks("a.py", code_prose('x = 1\ny = "the study goes on"\n'))] == [2]
    assert [remark.line for remark in remarks("a.j2", template_prose("<style>a\nb</style>\nIt goes on."))] == [3]


@pytest.mark.parametrize("docstring", ["The mean.", "What a worker does.", "`mean` of it.", "(batch, width)."])
def test_a_function_whose_docstring_begins_with_no_verb_is_found(docstring: str) -> None:
    assert [r.line for r in docstring_remarks("a.py", f'\ndef mean():\n    """{docstring}"""\n')] == [2]


def test_properties_and_classes_may_begin_with_a_noun() -> None:
    text = 'class A:\n    """A mean."""\n\n    @property\n    def mean(self):\n        """The mean."""\n'
    assert list(docstring_remarks("a.py", text)) == []
