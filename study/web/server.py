"""The dashboard's HTTP server, based on the standard library with a thread per connection, and its browser page."""

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

REQUEST_SECONDS = 60.0  # in which a connection must send its request


class ServerError(Exception):
    """The server cannot be started; the message has the address, the reason and the way out."""


class _Handler(WSGIRequestHandler):
    """A handler without a log of requests, which would contain the token."""

    timeout = REQUEST_SECONDS

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """A server with a thread per connection, on IPv4 or IPv6, that can end without interrupting answers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, bind_and_activate: bool = True) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler, bind_and_activate)
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
        """Accept no further connections, and wait at most `seconds` for answers to open ones."""
        self.shutdown()
        with self._answered:
            self._answered.wait_for(lambda: self._answering == 0, seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that hangs up."""


def bind(host: str, port: int, application: WSGIApplication) -> Server:
    """Return a server that listens; `serve_forever` answers requests.

    Raises:
        ServerError: the address cannot be used.
    """
    try:
        server = Server((host.strip("[]"), port))
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(
            f"The dashboard cannot listen on {host}, port {port} ({reason}). Choose another port: --port {port + 1}"
        ) from error
    server.set_app(application)
    return server


def adopt(listening: socket.socket, application: WSGIApplication) -> Server:
    """Return a server on a listening socket; `serve_forever` also answers requests that arrived before it."""
    host, port = listening.getsockname()[:2]
    server = Server((host, port), bind_and_activate=False)
    server.socket.close()
    server.socket, server.server_address = listening, (host, port)
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(application)
    return server


def address(host: str, port: int) -> str:
    """Return the URL of the server, with the machine's name if it listens on all addresses."""
    bare = host.strip("[]")
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(bare, bare)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def has_screen() -> bool:
    """Return whether a browser can open a window; without a display it would take over the terminal."""
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open `url` without waiting for the browser; do nothing without a screen or a browser."""
    if has_screen():
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
