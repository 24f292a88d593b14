"""One test for all cases of a law, where an item of pytest for each would cost more than the law itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

Law = Callable[..., None]


def for_each(
    names: str | tuple[str, ...], cases: Iterable[Any], make: Callable[[Any], Any] = lambda case: case
) -> Callable[[Law], Law]:
    """Written as `pytest.mark.parametrize`, but the cases are tried one after another in one test.

    Fixtures are made once for all of them, so it is not for laws that change one. What the law is given is made anew
    from each case by `make`; of several names it may leave some out. A failure is noted with its case.
    """
    arguments, tried = (names,) if isinstance(names, str) else names, list(cases)

    def decorate(law: Law) -> Law:
        signature = inspect.signature(law)

        @wraps(law)
        def test(**fixtures: Any) -> None:
            assert tried, "there is no case"
            for case in tried:
                values = (make(case),) if isinstance(names, str) else make(case)
                given = {name: v for name, v in zip(arguments, values, strict=True) if name in signature.parameters}
                try:
                    law(**given, **fixtures)
                except BaseException as error:
                    error.add_note(f"in the case {', '.join(arguments)} = {case!r}")
                    raise

        left = [parameter for name, parameter in signature.parameters.items() if name not in arguments]
        test.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return test

    return decorate
