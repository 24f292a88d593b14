"""Imported in the fork server alone, which has no other hook: what a run that has died leaves behind becomes its child.

Importing this module changes the process, on purpose: the `local` engine has the server preload it.
"""

from __future__ import annotations

import warnings

from study.engines.process_tree import adopt_orphans

adopt_orphans()
# The server does not know them, and would say so in the terminal when it hears of their end.
warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
