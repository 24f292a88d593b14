"""Optuna's pages without what is refused: who may not write is not shown buttons that create, rename, delete or upload.

The pages are Optuna's own, with one style more. What the guard refuses it refuses all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from study.web.guard import MAY_WRITE

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# By what the buttons are called for screen readers, or by their icons where they have no such name; of optuna-dashboard
# 0.19 to 0.21. Renamed in another release, they are shown again, and refused as before.
BUTTONS = ("rename study", "delete study", "delete artifact", "skip trial")
ICONS = ("AddBoxIcon", "EditIcon", "StopCircleIcon", "UploadFileIcon")  # create; edit a note; fail a trial; upload
_HIDDEN = (
    *(f'button[aria-label="{name}"]' for name in BUTTONS),
    *(f'button:has([data-testid="{icon}"])' for icon in ICONS),
    '.MuiCard-root:has(> [data-testid="UploadFileIcon"], > button [data-testid="UploadFileIcon"])',
)
STYLE = f"<style>{', '.join(_HIDDEN)} {{ display: none !important; }}</style>"
_ASKS_WHETHER_CHANGED = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
_OF_THE_FILE = ("content-length", "etag", "last-modified", "accept-ranges", "cache-control")


class Offered:
    """Optuna's application; its pages have `STYLE` for requests that may not write."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return one request."""
        path = environ.get("PATH_INFO", "")
        if environ.get(MAY_WRITE) or not (path == "/dashboard" or path.startswith("/dashboard/")):
            return self._application(environ, start_response)
        whole = {name: value for name, value in environ.items() if name not in _ASKS_WHETHER_CHANGED}
        method, whole["REQUEST_METHOD"] = environ["REQUEST_METHOD"], "GET"
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def noted(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            told.append((status, headers))
            return lambda _: None

        answer = self._application(whole, noted)  # type: ignore[arg-type]
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        status, headers = told[-1]
        page = body.replace(b"</head>", f"{STYLE}</head>".encode(), 1)
        kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_FILE]
        # Not kept by the browser: with the token the page is another one.
        start_response(status, [*kept, ("Content-Length", str(len(page))), ("Cache-Control", "no-store")])
        return [] if method == "HEAD" else [page]
