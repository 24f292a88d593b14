"""Escaping and line breaking of text for TeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ESCAPED: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "-": r"-{}", ",": ",{}", "!": "!{}", "?": "?{}",  # neither dashes nor other ligatures
    "[": "{[}", "]": "{]}", "*": "{*}",  # a line break before them would read them as its argument
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
# Letters that the T1 encoding has, or composes from an accent and a letter.
LATIN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùú"
    "ûüýþÿĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)
# An unbreakable piece of text: at most 10 characters, up to a space or a separator.
_PIECE = re.compile(r"[^ _\-./:=,;+→|\\]{1,10}[ _\-./:=,;+→|\\]?|[ _\-./:=,;+→|\\]")
UNBROKEN = 15  # longest word, in characters, that is never broken


def escape(text: str) -> str:
    """Return the text as TeX source on one line."""
    return "".join(ESCAPED.get(character, character) for character in one_line(text))


def one_line(text: str) -> str:
    """Return the text with single spaces and no line breaks, and [U+6570] for a character that T1 fonts lack."""
    return "".join(map(_printed, " ".join(text.split())))


def breakable(text: str) -> str:
    r"""Return `escape(text)` with \allowbreak in words longer than `UNBROKEN` characters."""
    return " ".join(
        escape(word) if len(word) <= UNBROKEN else r"\allowbreak{}".join(map(escape, _PIECE.findall(word)))
        for word in one_line(text).split(" ")
    )


def lines(text: str, longest: int) -> list[str]:
    """Return the text in lines of at most `longest` characters, broken at spaces and separators where possible."""
    broken = [""]
    for piece in _PIECE.findall(one_line(text)):
        if broken[-1] and len((broken[-1] + piece).rstrip()) > longest:
            broken.append("")
        broken[-1] += piece
    return [line.strip() for line in broken]


def _printed(character: str) -> str:
    if character in ESCAPED or character in LATIN or (character.isascii() and character.isprintable()):
        return character
    return "\N{NO-BREAK SPACE}" if unicodedata.category(character) == "Zs" else f"[U+{ord(character):04X}]"
