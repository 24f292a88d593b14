"""Optuna's pages without the buttons that create, rename, delete or upload, for requests that may not write.

The buttons are hidden by a style; the guard refuses such requests in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from study.web.guard import MAY_WRITE

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The buttons' names for screen readers, or icons of buttons without a name, in optuna-dashboard 0.19 to 0.21. If
# another release renames them, they are shown, and requests are still refused.
BUTTONS = ("rename study", "delete study", "delete artifact", "skip trial")
ICONS = ("AddBoxIcon", "EditIcon", "StopCircleIcon", "UploadFileIcon")  # create; edit a note; fail a trial; upload
_HIDDEN = (
    *(f'button[aria-label="{name}"]' for name in BUTTONS),
    *(f'button:has([data-testid="{icon}"])' for icon in ICONS),
    '.MuiCard-root:has(> [data-testid="UploadFileIcon"], > button [data-testid="UploadFileIcon"])',
)
STYLE = f"<style>{', '.join(_HIDDEN)} {{ display: none !important; }}</style>"
_CONDITIONAL = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
_OF_THE_FILE = ("content-length", "etag", "last-modified", "accept-ranges", "cache-control")


class Offered:
    """Optuna's application, with `STYLE` in its pages for requests that may not write."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if environ.get(MAY_WRITE) or not (path == "/dashboard" or path.startswith("/dashboard/")):
            return self._application(environ, start_response)
        full = {name: value for name, value in environ.items() if name not in _CONDITIONAL}
        method, full["REQUEST_METHOD"] = environ["REQUEST_METHOD"], "GET"
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def record(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            started.append((status, headers))
            return lambda _: None

        answer = self._application(full, record)  # type: ignore[arg-type]
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        status, headers = started[-1]
        page = body.replace(b"</head>", f"{STYLE}</head>".encode(), 1)
        kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_FILE]
        # The browser must not store the page, as it is different with the token.
        start_response(status, [*kept, ("Content-Length", str(len(page))), ("Cache-Control", "no-store")])
        return [] if method == "HEAD" else [page]
