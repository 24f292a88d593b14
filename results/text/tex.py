"""Texts for TeX: escaped, with places where a line may end."""

from __future__ import annotations

import re
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
    "†": r"$\dagger$", "‡": r"$\ddagger$", "\N{NO-BREAK SPACE}": "~",
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
# A piece of a text that is not broken: at most 10 characters, up to a space or a separator.
_PIECE = re.compile(r"[^ _\-./:=,;+→|\\]{1,10}[ _\-./:=,;+→|\\]?|[ _\-./:=,;+→|\\]")
UNBROKEN = 15  # characters of a word that always stays on one line


def escape(text: str) -> str:
    """Return the text as TeX source, on one line."""
    return "".join(ESCAPED.get(one, one) for one in one_line(text))


def one_line(text: str) -> str:
    """Return the text as it is printed: without line ends and runs of spaces, and [U+6570] for what T1 fonts lack."""
    return "".join(map(_printed, " ".join(text.split())))


def breakable(text: str) -> str:
    r"""Return `escape(text)` with \allowbreak in words longer than `UNBROKEN` characters."""
    return " ".join(
        escape(word) if len(word) <= UNBROKEN else r"\allowbreak{}".join(map(escape, _PIECE.findall(word)))
        for word in one_line(text).split(" ")
    )


def lines(text: str, longest: int) -> list[str]:
    """Return the text in lines of at most `longest` characters, broken at spaces and separators where possible."""
    found = [""]
    for piece in _PIECE.findall(one_line(text)):
        if found[-1] and len((found[-1] + piece).rstrip()) > longest:
            found.append("")
        found[-1] += piece
    return [line.strip() for line in found]


def _printed(one: str) -> str:
    if one in ESCAPED or one in LATIN or (one.isascii() and one.isprintable()):
        return one
    return "\N{NO-BREAK SPACE}" if unicodedata.category(one) == "Zs" else f"[U+{ord(one):04X}]"
