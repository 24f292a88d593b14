"""A small HTTP server for the dashboard: the standard library's, with a thread for every connection."""

from __future__ import annotations

import socket
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
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


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no error."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def bind(host: str, port: int, application: WSGIApplication) -> WSGIServer:
    """A server that listens; `serve_forever` answers. `ServerError` where the address cannot be had."""
    bare = host.strip("[]")
    kind = _Server6 if ":" in bare else _Server
    try:
        server = kind((bare, port), _Handler)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServerError(
            f"The dashboard cannot listen on {host}, port {port} ({why}). Choose another place: --port {port + 1}"
        ) from error
    server.set_app(application)
    return server


def adopt(listening: socket.socket, application: WSGIApplication) -> WSGIServer:
    """A server on a socket that listens already: who asks meanwhile is answered once `serve_forever` is called."""
    host, port = listening.getsockname()[:2]
    server = _Server((host, port), _Handler, bind_and_activate=False)
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
