"""Generated film reviews: a graded sentiment composed of phrases, with negation, intensifiers and contrast.

Each phrase has a valence from -2 to 2; modifiers scale it, "not" and "far from" invert it, and in "X, but Y" or
"although X, Y" the second part decides. The sum is mapped to one of five classes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Phrase = tuple[str, float]  # words and their valence


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("; "))


ASPECTS = _phrases(
    "the acting; the script; the dialogue; the pacing; the soundtrack; the camera work; the ending; "
    "the humor; the plot; the lead performance; the opening scene; the villain; the romance; the "
    "editing; the supporting cast; the story; the final act; the narration; the direction; the "
    "first half; the music; the central idea; the dubbing; the set design; the chemistry; the big "
    "twist"
)
KINDS = _phrases(
    "drama; comedy; thriller; documentary; western; musical; heist film; ghost story; war film; "
    "romance; road movie; biography; cartoon; spy film; courtroom drama; family film; satire; "
    "monster movie"
)
ADJECTIVES: dict[float, tuple[str, ...]] = {
    2.0: ("superb", "dazzling", "brilliant", "masterful", "unforgettable", "magnificent", "breathtaking",
          "wonderful", "exquisite"),
    1.0: ("pleasant", "decent", "charming", "likable", "solid", "watchable", "engaging", "amusing",
          "graceful", "clever"),
    0.0: ("conventional", "familiar", "quiet", "talky", "old-fashioned", "understated", "brief", "episodic"),
    -1.0: ("dull", "thin", "clumsy", "bland", "slow", "forced", "uneven", "predictable", "stale", "muddled"),
    -2.0: ("dreadful", "awful", "unbearable", "terrible", "horrible", "dismal", "atrocious", "insulting",
           "worthless"),
}  # fmt: skip
MODIFIERS: tuple[tuple[str, float], ...] = (
    ("", 1.0), ("utterly ", 1.5), ("truly ", 1.4), ("remarkably ", 1.4), ("deeply ", 1.5), ("really ", 1.2),
    ("somewhat ", 0.6), ("mildly ", 0.5), ("rather ", 0.9), ("fairly ", 0.7),
)  # fmt: skip
NEGATIONS: tuple[tuple[str, float], ...] = (
    ("not ", -0.4), ("hardly ", -0.5), ("never ", -0.6), ("far from ", -0.7), ("anything but ", -0.9),
)  # fmt: skip
NEGATED_SHARE = 0.15
EFFECTS: tuple[tuple[str, str, float], ...] = (  # past form, form after "did not", valence
    ("held my attention", "hold my attention", 1.0), ("made me smile", "make me smile", 1.0),
    ("won me over", "win me over", 1.2), ("moved me to tears", "move me to tears", 1.8),
    ("took my breath away", "take my breath away", 2.0), ("passed the time", "pass the time", 0.2),
    ("left me cold", "leave me cold", -1.2), ("tested my patience", "test my patience", -1.2),
    ("got on my nerves", "get on my nerves", -1.2), ("put me to sleep", "put me to sleep", -1.8),
    ("ruined my evening", "ruin my evening", -2.0), ("lost me halfway", "lose me halfway", -1.0),
)  # fmt: skip
BORDERS = (-1.35, -0.45, 0.45, 1.35)  # between the classes 0|1|2|3|4


def review(rng: Random) -> tuple[str, int]:
    """Return one sentence and its class, 0 (very negative) to 4 (very positive), before label noise."""
    form = rng.choices(FORMS, weights=FORM_WEIGHTS)[0]
    words, valence = form(rng)
    return words[0].upper() + words[1:] + " .", sum(valence > border for border in BORDERS)


def _clause(rng: Random) -> Phrase:
    """Return a statement about a part of the film: "the acting is not bad", "the ending left me cold"."""
    aspect = rng.choice(ASPECTS)
    if rng.random() < 0.7:
        words, valence = _quality(rng)
        return f"{aspect} {rng.choice(('is', 'was'))} {words}", valence
    past, base, valence = rng.choice(EFFECTS)
    if rng.random() < NEGATED_SHARE:
        return f"{aspect} did not {base}", -0.5 * valence
    return f"{aspect} {past}", valence


def _quality(rng: Random) -> Phrase:
    """Return an adjective with its modifier: "utterly dull", "far from superb"."""
    valence = rng.choices(tuple(ADJECTIVES), weights=(2, 2, 1, 2, 2))[0]
    modifier, factor = rng.choice(NEGATIONS if valence and rng.random() < NEGATED_SHARE else MODIFIERS)
    return modifier + rng.choice(ADJECTIVES[valence]), valence * factor


def _whole(rng: Random) -> Phrase:
    (words, valence), kind = _quality(rng), rng.choice(KINDS)
    opening = rng.choice(("as a {kind} it is {words}", "for a {kind} this is {words}", "this {kind} is {words}"))
    ending = rng.choice(("", "", " from start to finish", " , all things considered"))
    return opening.format(kind=kind, words=words) + ending, 1.15 * valence


def _both(rng: Random) -> Phrase:
    a, first = _clause(rng)
    b, second = _clause(rng)
    while first * second < 0:  # "and" joins what agrees
        b, second = _clause(rng)
    return f"{a} and {b}", 0.75 * (first + second)


def _contrast(rng: Random) -> Phrase:
    a, first = _clause(rng)
    b, second = _clause(rng)
    while first * second > 0:  # "but" what does not
        b, second = _clause(rng)
    pattern = rng.choice(("{a} , but {b}", "although {a} , {b}", "{a} ; still , {b}", "even if {a} , {b}"))
    return pattern.format(a=a, b=b), 0.2 * first + 0.9 * second


def _expected(rng: Random) -> Phrase:
    (hoped, _), (got, valence), kind = _quality(rng), _quality(rng), rng.choice(KINDS)
    return f"I expected this {kind} to be {hoped} , and it was {got}", valence


def _elsewhere(rng: Random) -> Phrase:
    degree = rng.choice((1.0, 2.0))
    wish, kind = rng.choice(ADJECTIVES[degree]), rng.choice(KINDS)
    aspect, valence = _clause(rng)
    words = f"if you want {_with_article(wish)} {kind} , look elsewhere : {aspect}"
    return words, 0.5 * valence - 0.5 * degree


def _recommended(rng: Random) -> Phrase:
    words, valence = _clause(rng)
    advice, weight = rng.choice(
        (("go and see it", 0.9), ("worth a ticket", 0.7), ("skip it", -0.9), ("wait until it is free", -0.6))
    )
    return f"{words} ; {advice}", 0.8 * valence + weight


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


FORMS: tuple[Callable[[Random], Phrase], ...] = (
    _clause,
    _whole,
    _both,
    _contrast,
    _expected,
    _elsewhere,
    _recommended,
)
FORM_WEIGHTS = (2, 3, 4, 3, 1, 0.8, 2)
