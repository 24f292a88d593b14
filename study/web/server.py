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
        """Log nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """Answers every connection in a thread of its own, and can end without cutting an answer short."""

    daemon_threads = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._answering = 0
        self._answered = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a request before its thread starts, so that the count only falls after `shutdown`."""
        with self._answered:
            self._answering += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._answered:
                self._answering -= 1
                self._answered.notify_all()

    def finish(self, seconds: float) -> None:
        """Accept no further connection, and give the open ones so many seconds to be answered."""
        self.shutdown()
        with self._answered:
            self._answered.wait_for(lambda: self._answering == 0, seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that hangs up."""


class _Server6(Server):
    address_family = socket.AF_INET6


def bind(host: str, port: int, application: WSGIApplication) -> Server:
    """Return a server that listens; `serve_forever` answers.

    Raises:
        ServerError: the address cannot be used.
    """
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
    """Return a server on a socket that listens already: early requests are answered once `serve_forever` is called."""
    host, port = listening.getsockname()[:2]
    server = Server((host, port), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket, server.server_address = listening, (host, port)
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(application)
    return server


def address(host: str, port: int) -> str:
    """Return the URL to open."""
    bare = host.strip("[]")
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(bare, bare)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def has_screen() -> bool:
    """Return whether a browser could open a window here; over SSH without a display it would take the terminal
    instead.
    """
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open `url` without waiting for the browser; nothing where there is no screen, or no browser."""
    if has_screen():
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
