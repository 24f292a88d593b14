"""Requests to the dashboard's application without a network, and a rehearsed study to ask for."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from wsgiref.util import setup_testing_defaults

import pytest
from place import Place
from shared import made_once

SECRETS = {"HF_TOKEN": "a-secret-of-mine", "PGPASSWORD": "another-secret-of-mine"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(application: Any, method: str = "GET", path: str = "/", query: str = "", **headers: str) -> Answer:
    """One request; `headers` by their WSGI names, such as HTTP_HOST."""
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **headers}
    environ.setdefault("HTTP_HOST", "127.0.0.1:8080")
    body = environ.pop("BODY", b"")
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    setup_testing_defaults(environ)
    told: list[Any] = []
    answer = application(environ, lambda status, headers, *rest: told.append((status, headers)))
    found = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    status, listed = told[-1]
    assert len({name.lower() for name, _ in listed}) == len(listed), "a header stands twice"
    return Answer(int(status.split()[0]), {name.lower(): value for name, value in listed}, found)


def rehearse(place: Place, *arguments: str) -> Place:
    """Launch the study `r` there."""
    done = place.call(
        *("--space", "pooling", "--rehearse", "--trials", "4", "--seeds", "2", "--name", "r", "--workers", "1"),
        *arguments,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def rehearsed_once(factory: pytest.TempPathFactory) -> Place:
    """The study `r`, launched once for all processes of the tests, with `SECRETS` in the environment."""

    def make(folder: Path) -> None:
        with mock.patch.dict(os.environ, SECRETS):
            rehearse(Place(folder))

    return Place(made_once(factory, "rehearsed", make))
