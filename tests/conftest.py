"""One thread for every process of the tests: they run beside each other, and results depend on the number."""

from __future__ import annotations

import os

# Before torch is imported; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
