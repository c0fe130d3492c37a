"""Who may ask the site: host, session, origin, form token, size, rate and time of requests."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PAGE_POLICY", "Guard"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-modals"
)
"""For a rendered page: its scripts run in an origin of their own, without cookies of the site."""
_COOKIE: Final = "counterflow"
_OPEN: Final = ("/enter", "/static/site.css", "/static/htmx.min.js")


@dataclass
class Guard:
    """ASGI middleware: refuses, or passes a request on with its form and session.

    ``token`` is "" where everybody on this machine may ask; ``hosts`` the names by which the site
    may be asked, any where empty (for an address that stands for all); sizes are in bytes, times
    in seconds, ``rate`` in requests a minute of one address.
    """

    app: ASGIApp
    token: str = ""
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    session_seconds: float = 8 * 3600.0
    largest_body: int = 1_000_000
    body_seconds: float = 10.0
    rate: int = 3000
    clock: Any = time.monotonic
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _sessions: dict[str, float] = field(default_factory=dict)
    _asked: dict[str, deque[float]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        session, fresh = self._session(headers)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers(message, fresh)]
            await send(message)

        refused = self._refused(scope, headers, session)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        if scope["method"] == "POST":
            body = await self._body(receive)
            if isinstance(body, PlainTextResponse):
                await body(scope, receive, answer)
                return
            form = {k: v[-1] for k, v in parse_qs(body.decode("utf-8", "replace"), True).items()}
            if scope["path"] == "/enter":
                await self._enter(form)(scope, receive, send)
                return
            if not hmac.compare_digest(form.get("form_token", "").encode(),
                                       self.form_token(session).encode()):  # fmt: skip
                await _no(403, "The form is not of this session. Load the page again.")(
                    scope, receive, answer
                )
                return
            scope.setdefault("state", {})["form"] = form
        scope.setdefault("state", {})["form_token"] = self.form_token(session)
        await self.app(scope, receive, answer)

    def form_token(self, session: str) -> str:
        """Token that forms of a session carry."""
        return hmac.digest(self._secret, session.encode(), "sha256").hex()

    def _session(self, headers: dict[str, str]) -> tuple[str, str]:
        """Give the session of a request, and the one to be set; sessions that ended are dropped."""
        now = self.clock()
        self._sessions = {k: end for k, end in self._sessions.items() if end > now}
        cookie = SimpleCookie()
        try:
            cookie.load(headers.get("cookie", ""))
        except Exception:  # whatever a stranger sends is no session
            return "", ""
        found = cookie[_COOKIE].value if _COOKIE in cookie else ""
        if found in self._sessions:
            return found, ""
        if self.token or len(self._sessions) > 10_000:
            return "", ""
        new = self._begun()
        return new, new

    def _begun(self) -> str:
        session = secrets.token_urlsafe(32)
        self._sessions[session] = self.clock() + self.session_seconds
        return session

    def _refused(
        self, scope: Scope, headers: dict[str, str], session: str
    ) -> PlainTextResponse | RedirectResponse | None:
        host = headers.get("host", "")
        if self.hosts and _name(host) not in self.hosts:
            return _no(400, "The site is not asked by this name.")
        if self._too_often(str((scope.get("client") or ("",))[0])):
            return _no(429, "Too many requests; wait a minute.")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _no(405, "Only GET and POST.")
        if scope["method"] == "POST":
            origin = headers.get("origin", "")
            if origin not in (f"http://{host}", f"https://{host}"):
                return _no(403, "Posts of other sites are refused.")
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > self.largest_body:
                return _no(413, "The request is too large.")
        if self.token and not session and scope["path"] not in _OPEN:
            return RedirectResponse("/enter", 303)
        return None

    def _too_often(self, address: str) -> bool:
        now = self.clock()
        if len(self._asked) > 10_000:
            self._asked.clear()
        asked = self._asked.setdefault(address, deque())
        while asked and asked[0] < now - 60:
            asked.popleft()
        asked.append(now)
        return len(asked) > self.rate

    async def _body(self, receive: Receive) -> bytes | PlainTextResponse:
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return _no(400, "The request ended early.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self.largest_body:
                        return _no(413, "The request is too large.")
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            return _no(408, "The request took too long.")

    def _enter(self, form: dict[str, str]) -> PlainTextResponse | RedirectResponse:
        given = form.get("token", "").encode()
        if not self.token or not hmac.compare_digest(given, self.token.encode()):
            return _no(403, "That is not the token.")
        answer = RedirectResponse("/", 303)
        answer.headers["set-cookie"] = self._cookie(self._begun())
        return answer

    def _cookie(self, session: str) -> str:
        age = int(self.session_seconds)
        return f"{_COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}"

    def _headers(self, message: Message, fresh: str) -> list[tuple[bytes, bytes]]:
        there = {name.lower() for name, _ in message.get("headers", [])}
        new = {
            "content-security-policy": _POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cache-control": "no-store",
            "cross-origin-resource-policy": "same-origin",
        }
        if fresh:
            new["set-cookie"] = self._cookie(fresh)
        return [(k.encode(), v.encode()) for k, v in new.items() if k.encode() not in there]


def _name(host: str) -> str:
    """Name without port of a Host header, "" where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _no(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(text + "\n", status)
