"""Cases for the fuzz tests: how many, how long one may take, and the damage that is done to what is whole."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, NamedTuple
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from tier import NIGHTLY

SECONDS = 20.0  # that one case may take; the slowest takes less than one

# Words that mean something to somebody: to a shell, a terminal, a path, a database, a browser, a format.
NASTY = (
    "", " ", "\x00", "\x1b[2J", "\x1b]0;x\x07", "../../x", "/etc/passwd", "~", "a/b", "a\\b", "CON", "-", "--", "-x",
    "nan", "inf", "-inf", "1e999", "-1", "0", "99999999999999999999", "0x10", "true", "null", "{}", "[]", '"', "'",
    "<script>", "</textarea>", "javascript:alert(1)", "[bold]", "[/]", "{0}", "{x!r}", "%s", "%n", "$(id)", "`id`",
    "; rm -rf x", "\n", "\r\n", "\u202e", "\ud800", "\ufeff", "é", "数", "🙂", "a" * 5000, "sqlite://", "sqlite:///",
    "sqlite:///x\x00y", "postgresql+psycopg://u:hunter2@127.0.0.1:1/x", "mysql://x", "http://x", "os:abort", "x:y:z",
)  # fmt: skip


def cases(full: int, short: int) -> settings:
    """So many cases of a test in the full form and in the short one, which is the same every time."""
    return settings(
        max_examples=full if NIGHTLY else short,
        derandomize=not NIGHTLY,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # the case that fails is small enough; shrinking takes minutes
        report_multiple_bugs=False,
        deadline=None,  # `in_time` stops a case that hangs; this would only tell of one that ended
        suppress_health_check=list(HealthCheck),
    )


class Hung(BaseException):
    """A case took too long; no code under test catches it."""


@contextlib.contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung(f"a case took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Said(NamedTuple):
    arguments: Sequence[str]
    code: Any
    out: str
    err: str


def command(main: Callable[[list[str]], int], arguments: Sequence[str]) -> Said:
    """Call a command's `main` as a process would, in time; an exception other than the exit is the test's failure."""
    out, err = io.StringIO(), io.StringIO()
    with (
        in_time(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["command", *arguments]),
    ):
        try:
            code: Any = main(list(arguments))
        except SystemExit as end:
            code = end.code
    return Said(arguments, code, out.getvalue(), err.getvalue())


def require_calm(said: Said, *codes: int) -> None:
    """The command ended with one of these codes, and told of a fault in words."""
    told = said.out + said.err
    assert said.code in codes, (said.arguments, said.code, told[-2000:])
    assert "Traceback" not in told and "should not happen" not in told, (said.arguments, told[-2000:])
    assert said.code == 0 or told.strip(), (said.arguments, "a failure without a word")


words = st.one_of(st.sampled_from(NASTY), st.text(max_size=20))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 70),
    st.floats(),
    st.sampled_from([0.0, -1.0, 1e-9, 1e300, float("nan"), float("inf")]),
    words,
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all parts of JSON data, the whole first."""
    found = [path]
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        found += paths_of(inner, (*path, key))
    return found


@st.composite
def damaged_json(draw: st.DrawFn, whole: Any) -> Any:
    """Sound JSON data in which one to three parts are replaced, taken away or doubled under another name."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths_of(value)))
        if not path:
            if draw(st.integers(0, 9)) == 0:
                return draw(json_values)
            continue
        *parents, last = path
        place = value
        for key in parents:
            place = place[key]
        how = draw(st.sampled_from(("replace", "replace", "remove", "add")))
        if how == "replace":
            place[last] = draw(json_values)
        elif how == "remove":
            del place[last]
        elif isinstance(place, dict):
            place[draw(words)] = draw(json_values)
        else:
            place.append(copy.deepcopy(place[last]))
    return value


@st.composite
def damaged_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file that was cut, overwritten in places, emptied, or given a tail."""
    how = draw(st.sampled_from(("cut", "cut", "overwrite", "overwrite", "drop", "tail", "other")))
    if how == "other":
        return draw(
            st.sampled_from(
                [b"", b"\x00" * 64, b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 99999, b"version https://git-lfs"]
            )
        )
    if how == "tail":
        return whole + draw(st.binary(min_size=1, max_size=64))
    at = draw(st.integers(0, max(0, len(whole) - 1)))
    if how == "cut":
        return whole[:at]
    if how == "drop":
        return whole[:at] + whole[at + draw(st.integers(1, 64)) :]
    patch = draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"9", b"-", b'"', b"null", b"1e999"])))
    return whole[:at] + patch + whole[at + len(patch) :]


def as_text(value: Any) -> str:
    """JSON as Python writes it, NaN and lone surrogates included."""
    return json.dumps(value)
