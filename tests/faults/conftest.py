"""Servers and disks that can fail: a PostgreSQL of our own to restart, a file system with little room."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import rehearsed_once
from place import Place
from postgres import own_database
from rehearsed import Server


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A rehearsed study `r`. Read it, do not write."""
    return rehearsed_once(tmp_path_factory)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of its own on the server named by STUDY_TEST_POSTGRES, dropped afterwards."""
    with own_database() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A server that may be restarted: others do not use it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found or shutil.which("runuser") is None or os.geteuid() != 0:
        pytest.skip("no PostgreSQL binaries that root can run as the user postgres")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="faults-postgres-"))
    shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def as_postgres(program: str, *arguments: str) -> None:
        command = ["runuser", "-u", "postgres", "--", str(binaries / program), "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"

    def restart() -> None:
        as_postgres("pg_ctl", "-w", "-m", "fast", "-l", str(folder / "log"), "-o", options, "restart")

    try:
        as_postgres("initdb", "-A", "trust", "--no-sync")
        as_postgres("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield Server(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", restart)
    finally:
        command = ["runuser", "-u", "postgres", "--", str(binaries / "pg_ctl"), "-D", str(folder / "data")]
        subprocess.run([*command, "-m", "immediate", "stop"], capture_output=True, check=False, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 24 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)
