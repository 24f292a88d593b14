"""Which scripts of a report may run where a server can say so: the report's own, known by their hashes.

Every text in the report is escaped; this is the second lock. A script that came in with a text has no hash here.
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
    """Return the policy to serve a report with, as the value of a Content-Security-Policy header.

    `added` are scripts of who serves it; `connects`: they may ask the server that the page came from.
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
    """Return the program's own scripts: what the report has inline, and plotly, which it unpacks and runs."""
    import plotly

    plotly_js = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return tuple(path.read_text(encoding="utf-8") for path in (*sorted(TEMPLATES.glob("*.js")), plotly_js))


@functools.lru_cache(maxsize=64)
def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
