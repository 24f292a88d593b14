"""End what Ray leaves running: parts of it stay for a minute and longer when others are killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from study.engines import process_tree


def clear_up(leader: int, folder: Path) -> None:
    """End all processes of a session that the engine has begun, and delete its folder."""
    process_tree.end(lambda: process_tree.session(leader), polite=False)
    shutil.rmtree(folder, ignore_errors=True)


def clear_up_apart(leader: int, folder: Path) -> None:
    """Do the same from another process, for a leader that ends itself, and may be ended by Ray before."""
    command = [sys.executable, "-m", "study.engines.on_ray.cleanup", str(leader), str(folder)]
    subprocess.Popen(command, start_new_session=True)


if __name__ == "__main__":
    clear_up(int(sys.argv[1]), Path(sys.argv[2]))
