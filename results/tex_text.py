"""Texts for TeX: escaped, breakable where a line may end, and how wide they are in print."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

ESCAPED: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "-": r"-{}", ",": ",{}", "!": "!{}", "?": "?{}",  # neither dashes nor other ligatures
    "[": "{[}", "]": "{]}", "*": "{*}",  # which a line end would take for its own
    "−": "$-$", "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}", "±": r"$\pm$", "×": r"$\times$",
    "→": r"$\rightarrow$", "←": r"$\leftarrow$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$",
    "·": r"$\cdot$", "∞": r"$\infty$", "°": r"$^\circ$", "µ": r"$\mu$", "²": "$^2$", "³": "$^3$",
    "‘": "`{}", "’": "'{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "•": r"\textbullet{}",
    "†": r"$\dagger$", "‡": r"$\ddagger$",
    **{letter: f"${name}$" for letter, name in (
        ("α", r"\alpha"), ("β", r"\beta"), ("γ", r"\gamma"), ("δ", r"\delta"), ("ε", r"\varepsilon"), ("η", r"\eta"),
        ("θ", r"\theta"), ("λ", r"\lambda"), ("μ", r"\mu"), ("π", r"\pi"), ("ρ", r"\rho"), ("σ", r"\sigma"),
        ("τ", r"\tau"), ("φ", r"\varphi"), ("χ", r"\chi"), ("ω", r"\omega"), ("Δ", r"\Delta"), ("Σ", r"\Sigma"),
    )},
}  # fmt: skip
# Letters that T1 has, or composes of an accent and a letter.
LATIN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùú"
    "ûüýþÿĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)
_ENDS = frozenset("_-./:=,;+→|\\")  # behind which a line may end
# In units of the font's size, rounded up, of the widest of T1's eight-point letters of that kind.
_WIDTHS: Mapping[str, float] = {
    **dict.fromkeys(" ijlf.,:;'![]|`", 0.33),
    **dict.fromkeys("trs()I-", 0.43),
    **dict.fromkeys("0123456789/", 0.54),
    **dict.fromkeys("mwCDGHKNOQUVXY%&@#+=<>−±→", 0.89),
    **dict.fromkeys("MW", 1.11),
    **dict.fromkeys("ABEFLPRSTZ", 0.81),
    **dict.fromkeys("—…", 1.2),
}
_OTHER, _UNUSUAL, _NUMBER = 0.6, 1.1, 5.2
BOLD = 1.17  # how much wider bold is


def escape(text: str) -> str:
    """Text as TeX prints it, on one line."""
    return "".join(map(_character, one_line(text)))


def one_line(text: str) -> str:
    """The text without line ends and other runs of space."""
    return " ".join(text.split())


def breakable(text: str, widest: float) -> str:
    """`escape`, with places where a line may end in words that are wider than `widest` (ems).

    Such a word may end a line behind separators, and anywhere within a piece that is too wide by itself.
    """
    return " ".join(
        escape(word) if width(word) <= widest else r"\allowbreak{}".join(map(escape, _atoms(word, widest)))
        for word in one_line(text).split(" ")
    )


def width(text: str) -> float:
    """How wide a line of text is at most, in ems of its font."""
    return sum(map(_width, one_line(text) or text))


def pieces(text: str, widest: float) -> list[str]:
    """The text in lines of at most `widest` ems where that can be, ended at spaces, separators, else anywhere."""
    lines, line = [], ""
    for atom in _atoms(one_line(text), widest):
        if line and width((line + atom).rstrip()) > widest:
            lines.append(line.strip())
            line = ""
        line += atom
    return [*lines, line.strip()] if line.strip() else lines or [""]


def _atoms(text: str, widest: float) -> list[str]:
    """What is not broken."""
    atoms = [""]
    for one in text:
        if atoms[-1] and width(atoms[-1] + one) > widest:
            atoms.append("")
        atoms[-1] += one
        if one == " " or one in _ENDS:
            atoms.append("")
    return [atom for atom in atoms if atom]


def _width(one: str) -> float:
    if one in _WIDTHS:
        return _WIDTHS[one]
    if one in ESCAPED or (one.isascii() and one.isprintable()):
        return _OTHER if one.isascii() else _UNUSUAL
    return _UNUSUAL if one in LATIN or unicodedata.category(one) == "Zs" else _NUMBER


def _character(one: str) -> str:
    if one in ESCAPED:
        return ESCAPED[one]
    if one in LATIN or (one.isascii() and one.isprintable()):
        return one
    if unicodedata.category(one) == "Zs":
        return "~"
    return f"{{[}}U+{ord(one):04X}{{]}}"
