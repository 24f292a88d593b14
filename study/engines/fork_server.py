"""Preloaded by the fork server alone, which has no other hook: the server adopts what a dead run leaves behind.

Importing this module changes the process, on purpose.
"""

from __future__ import annotations

import warnings

from study.engines.process_tree import adopt_orphans

adopt_orphans()
# The server did not fork the adopted processes, and would warn in the terminal when they end.
warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
