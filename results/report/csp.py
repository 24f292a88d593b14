"""The Content-Security-Policy of a report: only the report's own scripts may run, identified by their hashes.

All text in the report is escaped; the policy is a second defence. An injected script has no hash here.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "templates"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_security_policy(page: str, added: Sequence[str] = (), *, connects: bool = False) -> str:
    """Return the value of the Content-Security-Policy header for a report.

    `added`: further scripts of the server; `connects`: scripts may send requests to the page's server.
    """
    own = {text.strip() for text in _scripts()}
    texts = [*_scripts(), *added, *(inline for inline in _SCRIPT.findall(page) if inline.strip() in own)]
    connect = "connect-src 'self'; " if connects else ""
    hashes = " ".join(dict.fromkeys(_hash(text) for text in texts))
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        f"{connect}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@functools.cache
def _scripts() -> tuple[str, ...]:
    """Return the report's inline scripts, and plotly, which the report unpacks and runs."""
    import plotly

    plotly_js = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return tuple(path.read_text(encoding="utf-8") for path in (*sorted(TEMPLATES.glob("*.js")), plotly_js))


@functools.lru_cache(maxsize=64)
def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
