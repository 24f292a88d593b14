"""A dashboard that answers on a port of its own for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from study import dashboard


@contextmanager
def dashboard_of(storage: str, name: str | None = None, token: str | None = None) -> Iterator[str]:
    """The address of a dashboard of that study; nobody answers there afterwards."""
    server, _ = dashboard.start(storage, name, "127.0.0.1", 0, token)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
