"""The environment of runs: versions, machine and commit, so that every number can be traced."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from results.database.rows import EnvironmentRow

PACKAGES = (
    "mtbert-study", "torch", "numpy", "tokenizers", "safetensors", "pydantic", "optuna", "sqlalchemy", "pandas",
)  # fmt: skip


def environment(threads: int, gpu: str | None = None) -> EnvironmentRow:
    """Return the environment of this process; `threads` is the number of threads per worker."""
    return EnvironmentRow(
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=_cpu(),
        packages_json={name: number for name in PACKAGES if (number := _version(name)) is not None},
        git_commit=_commit(),
        threads=threads,
        gpu=gpu,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout that is not installed
        return None


def _cpu() -> str:
    """Return the processor's name, or its architecture where the system does not show the name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """Return the commit of the checkout that this code runs from, with a + if files differ from it."""
    git, root = shutil.which("git"), Path(__file__).resolve().parents[2]
    if git is None or not (root / ".git").exists():
        return None
    command = [git, "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
