"""The dashboard's application on a rehearsed study with everything a launch writes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import Answer, ask
from place import Place

from study.web import study_pages as pages
from study.web.guard import Guard


@pytest.fixture(scope="module")
def application(storage: str, rehearsed: Place) -> Iterator[Any]:
    """What stands behind the guard; all tables are reckoned when the first is asked for."""
    from study.web.application import application

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "tables", functools.cache(pages.tables))
        with contextlib.chdir(rehearsed.folder):
            made = application(storage, "r")[0]
        yield made


@pytest.fixture
def asked(application: Any) -> Callable[..., Answer]:
    return functools.partial(ask, Guard(application, host="127.0.0.1", token=None))
