"""The dashboard's HTTP server, the standard library's with a thread per connection, and the browser that opens it."""

from __future__ import annotations

import os
import socket
import sys
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SLOWEST = 60.0  # seconds that a connection may take to say what it wants


class ServerError(Exception):
    """The server cannot be started: what was asked for, why not, and the way out."""


class _Handler(WSGIRequestHandler):
    """Silent: a log of requests would hold the token."""

    timeout = SLOWEST

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """Answers every connection in a thread of its own, and can end without cutting an answer short."""

    daemon_threads = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._answering = 0
        self._answered = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count it before its thread is there: from `shutdown` on the count only falls."""
        with self._answered:
            self._answering += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._answered:
                self._answering -= 1
                self._answered.notify_all()

    def finish(self, seconds: float) -> None:
        """Take no further connection; what is being answered has so many seconds to get to its end."""
        self.shutdown()
        with self._answered:
            self._answered.wait_for(lambda: self._answering == 0, seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no error."""


class _Server6(Server):
    address_family = socket.AF_INET6


def bind(host: str, port: int, application: WSGIApplication) -> Server:
    """A server that listens; `serve_forever` answers. `ServerError` where the address cannot be had."""
    bare = host.strip("[]")
    kind = _Server6 if ":" in bare else Server
    try:
        server = kind((bare, port), _Handler)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServerError(
            f"The dashboard cannot listen on {host}, port {port} ({why}). Choose another place: --port {port + 1}"
        ) from error
    server.set_app(application)
    return server


def adopt(listening: socket.socket, application: WSGIApplication) -> Server:
    """A server on a socket that listens already: who asks meanwhile is answered once `serve_forever` is called."""
    host, port = listening.getsockname()[:2]
    server = Server((host, port), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket, server.server_address = listening, (host, port)
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(application)
    return server


def address(host: str, port: int) -> str:
    """The URL to open."""
    bare = host.strip("[]")
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(bare, bare)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def has_screen() -> bool:
    """Whether a browser could open a window here; over SSH without a display it would take the terminal instead."""
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open `url` without waiting for the browser; nothing where there is no screen, or no browser."""
    if has_screen():
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
