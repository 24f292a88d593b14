"""End the processes that Ray leaves running, some for minutes, when others of its processes are killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from study.engines import process_tree


def clear_up(leader: int, folder: Path) -> None:
    """End all processes of a session that the engine has started, and delete its folder."""
    process_tree.end(lambda: process_tree.session_members(leader), polite=False)
    shutil.rmtree(folder, ignore_errors=True)


def clear_up_apart(leader: int, folder: Path) -> None:
    """Run `clear_up` in another process: the leader ends itself, and Ray may end it even earlier."""
    command = [sys.executable, "-m", "study.engines.on_ray.cleanup", str(leader), str(folder)]
    subprocess.Popen(command, start_new_session=True)


if __name__ == "__main__":
    clear_up(int(sys.argv[1]), Path(sys.argv[2]))
