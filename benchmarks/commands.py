"""How long people wait: `--help` of every command, against a bare interpreter and against importing torch.

    python benchmarks/commands.py

Each command is started as a process of its own, in turns with its peers; medians of seven. Prints the ratio last.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = (
    "study.launch",
    "study.status",
    "study.doctor",
    "search_spaces",
    "results.report",
    "results.export",
    "mtbert.train",
    "mtbert.evaluate",
    "mtbert.predict",
)
TURNS = 7


def seconds(*arguments: str) -> float:
    """Wall time of one interpreter with these arguments."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    peers: dict[str, tuple[str, ...]] = {"bare interpreter": ("-c", "pass")}
    peers["import torch"] = ("-c", "import torch")
    peers |= {f"{command} --help": ("-m", command, "--help") for command in COMMANDS}
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(TURNS):
        for name, arguments in peers.items():
            times[name].append(seconds(*arguments))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name:28} {median:6.3f} s")
    slowest = max(median for name, median in medians.items() if name.endswith("--help"))
    print(f"slowest --help: {slowest:.3f} s; import torch takes {medians['import torch'] / slowest:.1f} times as long")


if __name__ == "__main__":
    main()
