"""Access control of the dashboard: a WSGI application in front of the others.

Optuna's dashboard has no login, and a DELETE removes a study. So requests without the token may only read, and if the
server is bound to an address other than loopback, reading needs the token too. A request sends the token in a header
(`Authorization: Bearer T`), or once in the URL (`?token=T`), which sets a cookie.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

READING = ("GET", "HEAD")
MAY_WRITE = "study.may_write"  # a key of a request's environment: whether it has the token
# Optuna's pages draw with WebGL, which needs eval; only their own script file may run.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")  # a name or an address, and a port
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Return whether an address to bind to can only be reached from this machine."""
    address = _ip_address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]"))
    return None


class Guard:
    """Passes allowed requests on to `application`, and refuses the others.

    `host` is the address that the server is bound to; writing needs `token` (None: nobody may write).
    """

    def __init__(self, application: WSGIApplication, *, host: str, token: str | None) -> None:
        self._application, self._token = application, token
        self._local = is_loopback(host)
        self._names = {"localhost", host.lower()} | (set() if self._local else {socket.gethostname().lower()})
        # The cookie's value is not the token, as a browser sends cookies of a host to all its ports.
        self._cookie_name = f"study_{secrets.token_hex(4)}"
        self._cookie_value = secrets.token_urlsafe(32)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not self._is_own_host(environ.get("HTTP_HOST", "")):
            message = "This server only answers under its own address. Open the address that the command printed."
            return refuse(start_response, "403 Forbidden", message)
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        if "token" in query:
            return self._set_cookie(query, environ, start_response)
        method, authorized = environ["REQUEST_METHOD"], self._has_token(environ)
        needed = "the token: open this address once with ?token=... at its end."
        if not authorized and not self._local:
            return refuse(start_response, "401 Unauthorized", f"Reading needs {needed}")
        if method not in READING and self._token is None:
            message = "This dashboard is read-only: it was started without --token."
            return refuse(start_response, "403 Forbidden", message)
        if method not in READING and (not authorized or _from_other_origin(environ)):
            return refuse(start_response, "403 Forbidden", f"Changes need {needed}")
        environ[MAY_WRITE] = authorized
        return self._application(environ, _secured(start_response))

    def _is_own_host(self, header: str) -> bool:
        """Return whether a Host header names this server; a foreign name that resolves to it is DNS rebinding.

        IP addresses cannot be rebound. The port may differ, as with a tunnel.
        """
        host = _HOST.fullmatch(header)
        if host is None or host[1].lower() in self._names:
            return host is not None
        address = _ip_address(host[1])
        return address is not None and (address.is_loopback or not self._local)

    def _has_token(self, environ: WSGIEnvironment) -> bool:
        if self._token is None:
            return False
        scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "bearer" and _equal(bearer.strip(), self._token):
            return True
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._cookie_name)
        except CookieError:
            return False
        return cookie is not None and _equal(cookie.value, self._cookie_value)

    def _set_cookie(
        self, query: dict[str, str], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Replace a token in the URL by a cookie, and redirect to the same page without it."""
        if self._token is None or not _equal(query.pop("token"), self._token):
            return refuse(start_response, "403 Forbidden", "This is not the token that the dashboard was started with.")
        path = "/" + quote(environ.get("PATH_INFO", "").encode("latin-1").lstrip(b"/\\"))
        place = path + (f"?{urlencode(query)}" if query else "")
        cookie = f"{self._cookie_name}={self._cookie_value}; Path=/; HttpOnly; SameSite=Strict"
        headers = [("Location", place), ("Set-Cookie", cookie), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        _secured(start_response)("303 See Other", headers)
        return [b""]


def refuse(start_response: StartResponse, status: str, message: str) -> list[bytes]:
    """Answer with a message as plain text."""
    body = f"{message}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if status.startswith("401"):
        headers.append(("WWW-Authenticate", "Bearer"))
    _secured(start_response)(status, [*headers, ("Cache-Control", "no-store")])
    return [body]


def _secured(start_response: StartResponse) -> StartResponse:
    """Return a `start_response` that adds the security headers; a page's policy is kept if it forbids framing."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        security = dict(SECURITY)
        page_policy = next((value for name, value in headers if name.lower() == "content-security-policy"), "")
        if "frame-ancestors" in page_policy:
            security["Content-Security-Policy"] = page_policy
        replaced = {name.lower() for name in security}
        kept = [(name, value) for name, value in headers if name.lower() not in replaced]
        return start_response(status, [*kept, *security.items()], exc_info)  # type: ignore[arg-type]

    return start  # type: ignore[return-value]


def _from_other_origin(environ: WSGIEnvironment) -> bool:
    """Return whether a page of another origin sent the request; same-site cookies do not check the port."""
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin.partition("://")[2].lower() != environ.get("HTTP_HOST", "").lower()


def _equal(first: str, second: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hashlib.sha256(first.encode()).digest(), hashlib.sha256(second.encode()).digest())
