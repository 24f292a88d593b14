"""A table for print: LaTeX with booktabs, what people read of it, the best row bold, verdicts as daggers.

A document that inputs the file needs these packages:

    \\usepackage[T1]{fontenc}  \\usepackage{booktabs}  \\usepackage{longtable}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PREAMBLE = "% \\usepackage[T1]{fontenc} \\usepackage{booktabs} \\usepackage{longtable}"
MOST_CHARACTERS = 60  # of a text in a cell; the whole is in the other formats
SHOWN_DIGITS = 4  # of a score 0..1: a hundredth of a point
LEAST_P = 10**-SHOWN_DIGITS

# A column that judges a number, and that number's column. The daggers stand at the number.
_JUDGED = (("verdict", "difference"), ("reference_verdict", "reference_effect"), ("study_verdict", "study_effect"))
DAGGERS: Mapping[str, str] = {
    "helps": r"\dagger",
    "hurts": r"\dagger",
    "replicated": r"\dagger",
    "contradicted": r"\dagger",
    "differs": r"\dagger",
    "reverses": r"\dagger",
    "equivalent": r"\ddagger",
    "carries over": r"\ddagger",
}
_NOTES = {
    r"\dagger": "differs from 0, error held over the table",
    r"\ddagger": "surely within the margin",
}
_COMPARED_NOTES = {
    r"\dagger": "an effect differs from 0, effects differ from each other; error held over the table",
    r"\ddagger": "an effect is surely within the margin, or carries over",
}
# What leads from a row to its records is for programs: other formats have it.
_FOR_PROGRAMS = re.compile(r"(^|_)(run_ids|config_digest|[a-z]+_json)$|^(is_best|is_baseline)$")

_ESCAPED: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "-": r"-{}", ",": ",{}", "!": "!{}", "?": "?{}",  # neither dashes nor other ligatures
    "[": "{[}", "]": "{]}", "*": "{*}",  # which a line end would take for its own
    "−": "$-$", "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}", "±": r"$\pm$", "×": r"$\times$",
    "→": r"$\rightarrow$", "←": r"$\leftarrow$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$",
    "·": r"$\cdot$", "∞": r"$\infty$", "°": r"$^\circ$", "µ": r"$\mu$", "²": "$^2$", "³": "$^3$",
    "‘": "`{}", "’": "'{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "•": r"\textbullet{}",
    **{letter: f"${name}$" for letter, name in (
        ("α", r"\alpha"), ("β", r"\beta"), ("γ", r"\gamma"), ("δ", r"\delta"), ("ε", r"\varepsilon"), ("η", r"\eta"),
        ("θ", r"\theta"), ("λ", r"\lambda"), ("μ", r"\mu"), ("π", r"\pi"), ("ρ", r"\rho"), ("σ", r"\sigma"),
        ("τ", r"\tau"), ("φ", r"\varphi"), ("χ", r"\chi"), ("ω", r"\omega"), ("Δ", r"\Delta"), ("Σ", r"\Sigma"),
    )},
}  # fmt: skip
# Letters that T1 has, or composes of an accent and a letter.
_LATIN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùú"
    "ûüýþÿĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)


def latex(frame: pd.DataFrame) -> str:
    """The table as a longtable, every text escaped; what TeX's fonts lack is shown by its number, as in [U+6570].

    Columns that are for programs (ids of runs, digests, JSON) are left out, `low` and `high` become one, numbers have
    four digits, long texts are cut. The best row of a table that has a best is bold; at a difference, a dagger says
    that it is told from 0 and a double dagger that it is surely within the margin.
    """
    if not len(frame.columns):
        return f"{PREAMBLE}\n% a table without columns\n"
    rows = frame.to_dict("records")
    columns = [_Column(str(name), frame) for name in frame.columns if not _FOR_PROGRAMS.search(str(name))]
    columns = [column for column in columns if not column.is_upper_end]
    body = []
    for row in rows:
        cells = [column.cell(row) for column in columns]
        if row.get("is_best") is True:
            cells = [rf"\textbf{{{cell}}}" if cell else "" for cell in cells]
        body.append(" & ".join(cells) + r" \\")
    head = " & ".join(escape(column.heading) for column in columns) + r" \\"
    used = [mark for mark in _NOTES if any(f"^{{{mark}}}" in line for line in body)]
    notes = _COMPARED_NOTES if "reference_verdict" in frame.columns else _NOTES
    note = "; ".join(f"${mark}$ {notes[mark]}" for mark in used)
    below = [rf"\multicolumn{{{len(columns)}}}{{l}}{{\footnotesize {note}}} \\"] if note else []
    lines = [
        PREAMBLE,
        rf"\begin{{longtable}}{{{''.join(column.alignment for column in columns)}}}",
        *(r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule"),
        *below,
        r"\endlastfoot",
        *body,
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text as TeX prints it, on one line."""
    return "".join(_character(one) for one in " ".join(text.split()))


def _character(one: str) -> str:
    if one in _ESCAPED:
        return _ESCAPED[one]
    if one in _LATIN or (one.isascii() and one.isprintable()):
        return one
    if unicodedata.category(one) == "Zs":
        return "~"
    return f"{{[}}U+{ord(one):04X}{{]}}"


class _Column:
    """One column of the print."""

    def __init__(self, name: str, frame: pd.DataFrame) -> None:
        import pandas as pd

        names = [str(each) for each in frame.columns]
        high = re.sub(r"low$", "high", name)
        is_pair = re.search(r"(^|_)low$", name) is not None and high in names
        self.name, self._high = name, high if is_pair else None
        low = re.sub(r"high$", "low", name)
        self.is_upper_end = low != name and re.search(r"(^|_)low$", low) is not None and low in names
        self._verdict = next((verdict for verdict, of in _JUDGED if of == name and verdict in names), None)
        self.heading = (re.sub(r"low$", "95 % interval", name) if is_pair else name).replace("_", " ")
        number = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
        self.alignment = "r" if number else "l"

    def cell(self, row: Mapping[object, object]) -> str:
        """What stands there, for TeX."""
        value = row[self.name]
        if self._high is not None:
            ends = _text(value), _text(row[self._high])
            return f"{{[}}{ends[0]}, {ends[1]}{{]}}" if all(ends) else ""
        text = escape(f"< {LEAST_P:g}") if is_tiny_p(self.name, value) else _text(value)
        mark = DAGGERS.get(str(row.get(self._verdict))) if self._verdict and text else None
        return f"{text}$^{{{mark}}}$" if mark else text


def number_text(value: float) -> str:
    """A number as people read it, with an ASCII minus; what shows as zero has none."""
    return f"{value:z.{SHOWN_DIGITS}f}" if abs(value) < 100 else f"{value:.1f}"


def is_tiny_p(column: str, value: object) -> bool:
    """Whether a column has p values and this one would show as zero."""
    return re.search(r"(^|_)p$", column) is not None and isinstance(value, float) and value < LEAST_P


def _text(value: object) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, float):
        return number_text(value).replace("-", "$-$")
    text = " ".join(str(value).split())
    return escape(text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…")
