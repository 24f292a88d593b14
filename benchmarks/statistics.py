"""Are the statistics right as often as they say? Studies with planted effects, 2,000 times.

    python benchmarks/statistics.py [--repetitions 2000] [--only REGEX]

The simulation is `planted.py`. This file has the name of a module of the standard library: for the scripts beside it,
and for torch, `import statistics` must go on to mean that one.
"""

import sys

if __name__ == "__main__":
    from planted import main

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
