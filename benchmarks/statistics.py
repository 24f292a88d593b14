"""Are verdicts and intervals right as often as they say? Studies with planted effects, hundreds of times.

    python benchmarks/statistics.py [--repetitions 500] [--world REGEX] [--only REGEX]

The simulation is the package `simulation`. This file has the name of a module of the standard library: for the scripts
beside it, and for torch, `import statistics` must go on to mean that one.
"""

import sys

if __name__ == "__main__":
    import os
    from pathlib import Path

    os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is imported: a process per core, not a thread
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # behind this folder: run from a checkout, too

    from simulation.command import main

    sys.exit(main())
else:
    import sysconfig
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    found = PathFinder.find_spec(__name__, [sysconfig.get_path("stdlib")])
    if found is None or found.loader is None:
        raise ImportError("the standard library has no module named statistics")
    sys.modules[__name__] = module_from_spec(found)
    found.loader.exec_module(sys.modules[__name__])
