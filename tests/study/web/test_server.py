"""The dashboard's server: it ends without cutting an answer short."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from study.web.server import bind

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


class Slow:
    """An application that is asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self.asked.set()
        self.let.wait(60)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"whole"]


def under_way(slow: Slow) -> tuple[Any, list[bytes], threading.Thread]:
    """A server, and a request that it is answering."""
    server = bind("127.0.0.1", 0, slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    got: list[bytes] = []

    def ask() -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=60) as answer:
            got.append(answer.read())

    asking = threading.Thread(target=ask)
    asking.start()
    slow.asked.wait(60)
    return server, got, asking


def test_what_is_being_answered_gets_to_its_end() -> None:
    slow = Slow()
    server, got, asking = under_way(slow)
    ending = threading.Thread(target=server.finish, args=(60.0,))
    ending.start()
    slow.let.set()
    ending.join(60)
    asking.join(60)
    server.server_close()
    assert got == [b"whole"]


def test_it_does_not_wait_for_ever() -> None:
    slow = Slow()
    server, got, asking = under_way(slow)
    began = time.monotonic()
    server.finish(0.01)
    assert time.monotonic() - began < 30 and got == []
    slow.let.set()
    asking.join(60)
    server.server_close()
    assert got == [b"whole"]
