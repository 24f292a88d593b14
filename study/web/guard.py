"""Who may ask the dashboard for what: a WSGI application in front of others that know nothing of it.

Optuna's dashboard has no login, and a DELETE removes a study. So reading is all there is without the token; with a
token given to the command, a request that carries it may write. Bound to another address than loopback, reading needs
it too. The token comes in a header (`Authorization: Bearer T`), or once in the URL (`?token=T`), which sets a cookie.
"""

from __future__ import annotations

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
MAY_WRITE = "study.may_write"  # in a request's environment: whether it carries the token
# Optuna's pages draw with WebGL, which needs eval; no script but their own file runs in them.
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
    """Return whether an address to bind to can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets a request through to `application`, or answers it itself.

    `host` is what the server is bound to, `token` what writing needs (None: nobody writes).
    """

    def __init__(self, application: WSGIApplication, *, host: str, token: str | None) -> None:
        self._application, self._token = application, token
        self._local = is_loopback(host)
        self._names = {"localhost", host.lower()} | (set() if self._local else {socket.gethostname().lower()})
        # The cookie is not the token: cookies of one host go to all its ports.
        self._name = f"study_{secrets.token_hex(4)}"
        self._value = secrets.token_urlsafe(32)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not self._named(environ.get("HTTP_HOST", "")):
            told = "This server answers under its own address only. Open it by the address the command printed."
            return refuse(start_response, "403 Forbidden", told)
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        if "token" in query:
            return self._let_in(query, environ, start_response)
        method, known = environ["REQUEST_METHOD"], self._carries_token(environ)
        if not known and not self._local:
            told = "Reading needs the token: open this address once with ?token=... at its end."
            return refuse(start_response, "401 Unauthorized", told)
        if method not in READING:
            if self._token is None:
                told = "This dashboard is read-only: it was started without --token."
                return refuse(start_response, "403 Forbidden", told)
            if not known or _from_elsewhere(environ):
                told = "Changes need the token: open this address once with ?token=... at its end."
                return refuse(start_response, "403 Forbidden", told)
        environ[MAY_WRITE] = known
        return self._application(environ, _secured(start_response))

    def _named(self, header: str) -> bool:
        """Return whether a Host header is this server's own: a foreign name that resolves to it is an attack (DNS
        rebinding).

        Addresses cannot be rebound. The port may be another one: that of a tunnel.
        """
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        name = found[1].lower()
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return address.is_loopback or not self._local

    def _carries_token(self, environ: WSGIEnvironment) -> bool:
        if self._token is None:
            return False
        scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "bearer" and _same(bearer.strip(), self._token):
            return True
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._name)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._value)

    def _let_in(
        self, query: dict[str, str], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Replace a token in the URL by a cookie, and redirect to the same page without it."""
        if self._token is None or not _same(query.pop("token"), self._token):
            return refuse(start_response, "403 Forbidden", "That is not the token this dashboard was started with.")
        path = "/" + quote(environ.get("PATH_INFO", "").encode("latin-1").lstrip(b"/\\"))
        place = path + (f"?{urlencode(query)}" if query else "")
        cookie = f"{self._name}={self._value}; Path=/; HttpOnly; SameSite=Strict"
        headers = [("Location", place), ("Set-Cookie", cookie), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        _secured(start_response)("303 See Other", headers)
        return [b""]


def refuse(start_response: StartResponse, status: str, told: str) -> list[bytes]:
    """Answer with one sentence, as plain text."""
    body = f"{told}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if status.startswith("401"):
        headers.append(("WWW-Authenticate", "Bearer"))
    _secured(start_response)(status, [*headers, ("Cache-Control", "no-store")])
    return [body]


def _secured(start_response: StartResponse) -> StartResponse:
    """`start_response` that adds the security headers. A policy of the page's own stays where it forbids framing."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        ours = dict(SECURITY)
        own_policy = next((value for name, value in headers if name.lower() == "content-security-policy"), "")
        if "frame-ancestors" in own_policy:
            ours["Content-Security-Policy"] = own_policy
        taken = {name.lower() for name in ours}
        kept = [(name, value) for name, value in headers if name.lower() not in taken]
        return start_response(status, [*kept, *ours.items()], exc_info)  # type: ignore[arg-type]

    return start  # type: ignore[return-value]


def _from_elsewhere(environ: WSGIEnvironment) -> bool:
    """Return whether a page of another origin sends the request: same-site cookies do not check the port."""
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin.partition("://")[2].lower() != environ.get("HTTP_HOST", "").lower()


def _same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hashlib.sha256(one.encode()).digest(), hashlib.sha256(other.encode()).digest())
