"""Ray clusters that no driver has started: nodes in sessions of their own, and a second host on this machine."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from processes import until

Node = subprocess.Popen[bytes]


class Cluster(NamedTuple):
    """The address of a cluster's head, and the process that leads the head's session."""

    address: str
    head: Node


def with_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes and drivers that are started from here on know a token of their own, and nodes ask for it."""
    (folder / "token").write_text(secrets.token_hex(32), encoding="utf-8")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))


@contextlib.contextmanager
def cluster(ip: str = "127.0.0.1") -> Iterator[Cluster]:
    """A cluster of one node, at `ip` of this machine."""
    with socket.socket() as free:
        free.bind((ip, 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        arguments = ("--head", f"--node-ip-address={ip}", f"--port={port}", f"--temp-dir={folder}")
        head = start_node(*arguments, "--include-dashboard=false", "--disable-usage-stats")
        try:
            until(lambda: _answers(ip, port), lambda: "the cluster did not start")
            yield Cluster(f"{ip}:{port}", head)
        finally:
            kill_node(head)


def start_node(*arguments: str, inside: tuple[str, ...] = ()) -> Node:
    """One node of a cluster, with room for one run, in a session of its own; `inside` goes before the command."""
    command = [*inside, str(Path(sys.executable).with_name("ray")), "start", "--block", "--num-cpus=1", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, "--object-store-memory=100000000"], start_new_session=True, **quiet)


def kill_node(leader: Node) -> None:
    """End a node as a machine that goes down does."""
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) == leader.pid:
                os.kill(pid, signal.SIGKILL)
    leader.wait(timeout=300)


def _answers(ip: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ip, port)) == 0


@dataclass(frozen=True)
class SecondHost:
    """A network namespace of this machine, joined to it by a cable: this end has `here`, that end `there`."""

    name: str
    here: str
    there: str

    def start_node(self, address: str) -> Node:
        """A node of the cluster at `address`, on that host."""
        inside = ("ip", "netns", "exec", self.name)
        return start_node(f"--address={address}", f"--node-ip-address={self.there}", inside=inside)

    def cut_off(self) -> None:
        """Pull the cable: nothing is refused, nothing arrives."""
        _ip("link", "set", _cable(self.name), "down")

    def join(self) -> None:
        """Plug it in again."""
        _ip("link", "set", _cable(self.name), "up")


@contextlib.contextmanager
def second_host() -> Iterator[SecondHost]:
    """A second host; skips the test where no network namespace can be made."""
    name = f"host{uuid.uuid4().hex[:6]}"
    subnet = f"10.{uuid.uuid4().int % 200 + 20}.{uuid.uuid4().int % 250}"
    host = SecondHost(name, f"{subnet}.1", f"{subnet}.2")
    if shutil.which("ip") is None or os.geteuid() != 0 or not _may("netns", "add", name):
        pytest.skip("no network namespace can be made here: that needs root, CAP_SYS_ADMIN and iproute2")
    try:
        _ip("link", "add", _cable(name), "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{host.here}/24", "dev", _cable(name))
        _ip("link", "set", _cable(name), "up")
        for command in (("addr", "add", f"{host.there}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                        ("link", "set", "lo", "up")):  # fmt: skip
            _ip("-n", name, *command)
        yield host
    finally:
        _may("link", "del", _cable(name))
        _may("netns", "del", name)


def _cable(name: str) -> str:
    return f"to-{name}"


def _may(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)
