"""pdfTeX: whether it takes tables that were written for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

# A page of two columns as conferences have it: 7 inches wide, its columns 3.3.
TWO_COLUMNS = r"\setlength{\textwidth}{7in}\setlength{\columnsep}{0.4in}\setlength{\textheight}{9in}"
DOCUMENT = r"""\documentclass[%s]{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs,graphicx}
%s
\begin{document}
%s
\end{document}
"""


def pdflatex() -> str:
    found = shutil.which("pdflatex")
    if found is None and not os.environ.get("CI"):
        pytest.skip("no pdflatex on this machine")
    assert found, "CI must have pdflatex (Debian: texlive-latex-base and texlive-latex-recommended)"
    return found


def faults_of(tables: Mapping[str, str], folder: Path, *, two_columns: bool = False) -> str:
    """What pdflatex says against a document of all these tables, too wide boxes too; empty where it takes it."""
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    # What floats is put on pages before the next is read: TeX holds eighteen at most.
    inputs = "\n\n".join(rf"\input{{{name}.tex}}\clearpage" for name in tables)
    options, sizes = ("10pt,twocolumn", TWO_COLUMNS) if two_columns else ("10pt", "")
    (folder / "document.tex").write_text(DOCUMENT % (options, sizes, inputs), encoding="utf-8")
    # Without a PDF: making one would draw fonts first.
    command = [pdflatex(), "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    said = done.stdout.decode("utf-8", errors="replace")
    if done.returncode:
        return said[-2000:]
    log = (folder / "document.log").read_text(encoding="utf-8", errors="replace")
    return "\n".join(
        line for line in log.splitlines() if line.startswith(("Overfull", "LaTeX Warning: Float too large"))
    )
