"""The guard alone: who gets through to an application that notes what it was asked."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ask

from study.web.guard import Guard, is_loopback

TOKEN = "a-token-of-some-length"
WRITING = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND")


class Behind:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Security-Policy", "default-src *")])
        return [b"behind"]


def guarded(host: str = "127.0.0.1", token: str | None = None) -> tuple[Guard, Behind]:
    behind = Behind()
    return Guard(behind, host=host, token=token), behind


def cookie_of(guard: Guard) -> str:
    found = ask(guard, query=f"token={TOKEN}")
    assert found.status == 303
    return found.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("token", [None, TOKEN])
def test_nobody_writes_without_the_token(token: str | None) -> None:
    guard, behind = guarded(token=token)
    wrong = ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_COOKIE": "study=1; a=b"}, {"HTTP_COOKIE": '"'})
    for method in WRITING:
        for headers in wrong:
            assert ask(guard, method, "/api/studies/1", **headers).status == 403, (method, headers)
        assert ask(guard, method, "/api/studies/1", query="token=wrong").status == 403, method
    assert behind.asked == []


def test_without_a_token_given_none_is_right() -> None:
    guard, behind = guarded()
    for value in ("", "None", "null"):
        assert ask(guard, "DELETE", HTTP_AUTHORIZATION=f"Bearer {value}").status == 403
        assert ask(guard, query=f"token={value}").status == 403
    assert behind.asked == []


def test_who_carries_the_token_writes() -> None:
    guard, behind = guarded(token=TOKEN)
    assert ask(guard, "DELETE", "/a", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").status == 200
    assert ask(guard, "PUT", "/b", HTTP_COOKIE=cookie_of(guard)).status == 200
    assert behind.asked == ["DELETE /a", "PUT /b"]


def test_a_page_of_another_origin_does_not_write_with_the_cookie() -> None:
    guard, behind = guarded(token=TOKEN)
    cookie = cookie_of(guard)
    for origin in ("http://evil.example", "http://127.0.0.1:3000", "null"):
        assert ask(guard, "DELETE", HTTP_COOKIE=cookie, HTTP_ORIGIN=origin).status == 403
    assert behind.asked == []
    assert ask(guard, "DELETE", HTTP_COOKIE=cookie, HTTP_ORIGIN="http://127.0.0.1:8080").status == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_is_not_the_token() -> None:
    found = ask(guarded(token=TOKEN)[0], query=f"token={TOKEN}")
    assert TOKEN not in found.headers["set-cookie"]
    assert "HttpOnly" in found.headers["set-cookie"] and "SameSite=Strict" in found.headers["set-cookie"]


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "\\/\\/evil.example", "/a\r\nX: y"])
def test_the_token_in_the_url_leads_to_the_same_server_without_it(path: str) -> None:
    found = ask(guarded(token=TOKEN)[0], path=path, query=f"token={TOKEN}&after=3")
    place = found.headers["location"]
    assert found.status == 303 and TOKEN not in place and place.endswith("?after=3")
    assert place.startswith("/") and not place.startswith(("//", "/\\")) and "\n" not in place and "\r" not in place


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8080", 200),
        ("127.0.0.1", "localhost:9000", 200),  # a tunnel
        ("127.0.0.1", "LOCALHOST", 200),
        ("::1", "[::1]:8080", 200),
        ("127.0.0.1", "evil.example:8080", 403),
        ("127.0.0.1", "127.0.0.1.evil.example", 403),
        ("127.0.0.1", "evil.example@127.0.0.1", 403),
        ("127.0.0.1", "192.168.1.7:8080", 403),
        ("127.0.0.1", "", 403),
        ("127.0.0.1", "[::1", 403),
        ("127.0.0.1", "127.0.0.1:x", 403),
        ("0.0.0.0", "192.168.1.7:8080", 401),
        ("0.0.0.0", "evil.example", 403),
        ("lab.example", "lab.example:8080", 401),
    ],
)
def test_only_its_own_names_are_answered(host: str, name: str, status: int) -> None:
    guard, _ = guarded(host, None if is_loopback(host) else TOKEN)
    assert ask(guard, HTTP_HOST=name).status == status


def test_on_another_address_reading_needs_the_token() -> None:
    guard, behind = guarded("0.0.0.0", TOKEN)
    assert ask(guard, path="/report").status == 401
    assert behind.asked == []
    assert ask(guard, path="/report", HTTP_COOKIE=cookie_of(guard)).status == 200
    assert ask(guard, "HEAD", "/report", HTTP_AUTHORIZATION=f"bearer {TOKEN}").status == 200


@pytest.mark.parametrize("path", ["/", "/forbidden"])
def test_every_answer_has_the_security_headers(path: str) -> None:
    guard, _ = guarded()
    for found in (ask(guard, path=path), ask(guard, "DELETE", path), ask(guard, HTTP_HOST="evil.example")):
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
        policy = found.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True)),
        *(("0.0.0.0", False), ("::", False), ("192.168.1.7", False), ("lab.example", False), ("", False)),
    ],
)
def test_which_addresses_others_cannot_reach(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
