"""The driver: launches studies, runs them on engines, and is the only package that imports all others."""

import os
import sys

if sys.argv[:1] == ["-m"] or "MTBERT_STUDY_STARTS" in os.environ:
    # A command begins: files in the current folder do not take the place of modules that are imported from here on.
    # By its path: `search_spaces` may be such a file itself. Nothing is imported for it.
    _own_files = {"__file__": os.path.join(os.path.dirname(os.path.dirname(__file__)), "search_spaces", "own_files.py")}
    with open(_own_files["__file__"], encoding="utf-8") as _source:
        exec(compile(_source.read(), _own_files["__file__"], "exec"), _own_files)
    _own_files["install"]()  # type: ignore[operator]
