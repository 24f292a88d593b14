"""A pgbouncer in transaction mode before the PostgreSQL server of the tests: a transaction may be another session."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import until
from sqlalchemy import make_url

USER = "postgres"  # pgbouncer refuses to run as root


@contextlib.contextmanager
def pooled(url: str) -> Iterator[str]:
    """The URL of the same database through a pgbouncer of its own. Skips the test where that is not installed."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    server = make_url(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = f"host={server.host} port={server.port or 5432} dbname={server.database} user={server.username}"
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))  # another user may not read a test's own folder
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{server.database} = {target}\n[pgbouncer]\npool_mode = transaction\nauth_type = any\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\ndefault_pool_size = 3\n"
        "server_reset_query =\n",
        encoding="utf-8",
    )
    settings.chmod(0o644)
    folder.chmod(0o755)
    as_user = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
    process = subprocess.Popen([*as_user, program, "-q", str(settings)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port) or process.poll() is not None)
        assert process.poll() is None, "pgbouncer did not start"
        yield server.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
