"""pdfTeX: whether it takes tables that were written for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs}
\usepackage{longtable}
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


def faults_of(tables: Mapping[str, str], folder: Path) -> str:
    """What pdflatex says against a document of all these tables; empty where it takes it."""
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    inputs = "\n\n".join(rf"\input{{{name}.tex}}" for name in tables)
    (folder / "document.tex").write_text(DOCUMENT % inputs, encoding="utf-8")
    # Without a PDF: making one would draw fonts first.
    command = [pdflatex(), "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    return "" if done.returncode == 0 else done.stdout.decode("utf-8", errors="replace")[-2000:]
