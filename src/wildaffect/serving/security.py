"""Who may send what: names and origins of requests, the token, and response headers.

The guard stands around the whole application, so that no route can forget it. It also turns
every error that escapes into the one form of errors, without a traceback.
"""

import secrets
import sys
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wildaffect.core.errors import unexpected
from wildaffect.core.printable import printable
from wildaffect.core.tokens import LOOPBACK_NAMES, bearer_token, is_same_token
from wildaffect.serving.errors import ServiceError, Unexpected
from wildaffect.serving.settings import ServiceSettings

COOKIE = "wildaffect-session"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content that pages may load: nothing but their own."""
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE = {"GET", "HEAD"}
_OPEN = {"/api/session", "/api/health"}
"""Routes without data, for which no token is needed."""
_CLOSE_POLICY = 1008


class Guard:
    """Checks every request before the application sees it."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._token = settings.token
        self._names = LOOPBACK_NAMES | {name.lower() for name in settings.hostnames}
        self.session = secrets.token_urlsafe(32)
        """Value of the cookie of browsers that have shown the token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, and pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, is_socket=scope["type"] == "websocket")
        try:
            self._check(scope)
            await self._app(scope, receive, answer)
        except ServiceError as error:
            await answer.refuse(error)
        except Exception as error:
            line = printable(unexpected("service", error))
            print(f"wildaffect serve: {line}", file=sys.stderr)  # noqa: T201
            await answer.refuse(Unexpected())

    def is_token(self, text: str) -> bool:
        """Return whether this is the token."""
        return self._token is not None and is_same_token(text, self._token)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise ServiceError(
                421,
                "wrong_host",
                "this service does not answer under that name; start it with --hostname",
            )
        is_socket = scope["type"] == "websocket"
        is_safe = not is_socket and scope["method"] in _SAFE
        origin = headers.get("origin")
        if not is_safe and origin and _place(origin) != host.lower():
            raise _cross_site()
        site = headers.get("sec-fetch-site", "none")
        is_visit = headers.get("sec-fetch-mode") == "navigate"
        if site in {"cross-site", "same-site"} and not (is_safe and is_visit):
            raise _cross_site()
        needs_token = scope["path"].startswith("/api/") and scope["path"] not in _OPEN
        if needs_token and not self.is_known(headers):
            raise ServiceError(
                401,
                "no_token",
                "the token of the service is missing or wrong; send the header "
                "'Authorization: Bearer TOKEN'",
                {"WWW-Authenticate": "Bearer"},
            )

    def _is_ours(self, host: str) -> bool:
        """Return whether a host is an address or a known name.

        Names under which a page of somebody else could point here are refused; an address
        cannot be pointed elsewhere.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    def is_known(self, headers: Headers) -> bool:
        """Return whether a request carries the token, or the cookie, if one is needed."""
        if self._token is None:
            return True
        if self.is_token(bearer_token(headers.get("authorization", ""))):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and is_same_token(cookie.value, self.session)


class _Answer:
    """The way back to the client; adds headers, and knows whether a response has begun."""

    def __init__(self, send: Send, *, is_socket: bool) -> None:
        self._send, self._is_socket = send, is_socket
        self._has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        self._has_begun = True
        await self._send(message)

    async def refuse(self, error: ServiceError) -> None:
        """Send an error, unless a response has begun; a socket is closed."""
        if self._is_socket:
            reason = str(error)[:120]
            close = {"type": "websocket.close", "code": _CLOSE_POLICY, "reason": reason}
            await self._send(close)
            return
        if self._has_begun:
            return  # the connection is closed as the body is incomplete
        body, extra = error.body(), error.headers.items()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), text.encode()) for name, text in extra),
        ]
        start = {"type": "http.response.start", "status": error.status, "headers": headers}
        await self(start)
        await self({"type": "http.response.body", "body": body})


def _place(origin: str) -> str:
    """Return host and port of an origin; nothing for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _cross_site() -> ServiceError:
    return ServiceError(403, "cross_site", "pages of other sites may not use this service")
