"""WebSocket: a server that sends rows as JSON to every client."""

import contextlib
import logging
import re
import socket
import time
from collections import deque
from http import HTTPStatus
from threading import Condition, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from wildaffect.core.errors import MissingExtra, OutputError, UsageError
from wildaffect.core.tokens import (
    SHORTEST_TOKEN,
    TOKEN_VARIABLE,
    bearer_token,
    is_loopback,
    is_same_token,
)
from wildaffect.sinks.sink import LiveRow

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

MAX_BEHIND = 64
"""Maximum number of rows that wait for a client; older ones are dropped."""
_LOOPBACK_PAGES = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Pages that may connect: those of this machine. Any other site in the browser may not."""
_CLOSE_S = 1.0
"""Time that clients get for the last rows."""
_OPEN_S = 2.0
_POLL_S = 0.02
_STUCK_S = 10.0
"""Time after which a client that does not read is dropped."""


class WebSocketSink:
    """Serves `ws://host:port`; a message is a row as in a `.jsonl` table.

    A client that does not keep up loses the oldest rows that wait for it. Pages of other
    sites are refused. Beyond this machine a token is needed, which programs send as
    `Authorization: Bearer TOKEN`, and pages, which cannot, append as `?token=TOKEN`.

    Args:
        host: Address of this machine; a loopback one is open to its users alone.
        port: TCP port; 0 chooses a free one.
        token: Secret of the clients.

    Raises:
        UsageError: If other machines could connect without a token.
    """

    def __init__(self, host: str, port: int, token: str | None = None) -> None:
        if token is None and not is_loopback(host):
            raise UsageError(
                f"ws://{host}:{port}: token must be given where other machines can "
                f'connect, got none; give `token_file="token.txt"`, set '
                f"{TOKEN_VARIABLE}, or use 127.0.0.1"
            )
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise UsageError(
                f"ws://{host}:{port}: token must have at least {SHORTEST_TOKEN} "
                f"characters, got {len(token)}"
            )
        self._host, self._port, self._token = host, port, token
        self._clients: set[_Client] = set()
        self._server: Server | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return self._port

    def __enter__(self) -> Self:
        try:
            from websockets.sync.server import serve  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("ws://", "live") from error
        try:
            self._server = serve(
                self._serve,
                self._host,
                self._port,
                origins=[None, _LOOPBACK_PAGES],  # programs have none
                process_request=self._check_token,
                max_size=1 << 10,
                open_timeout=_OPEN_S,
                close_timeout=_CLOSE_S,
                logger=_silent_logger(),
            )
        except OSError as error:
            raise OutputError(
                f"ws://{self._host}:{self._port}: must be an address of this machine with "
                f"a free port, got {(error.strerror or str(error)).lower()}; "
                "choose another port"
            ) from error
        self._port = self._server.socket.getsockname()[1]
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None  # noqa: S101 - inside the block
        assert self._thread is not None  # noqa: S101
        for client in tuple(self._clients):
            client.end()
        until_s = time.monotonic() + _CLOSE_S
        while self._clients and time.monotonic() < until_s:
            time.sleep(_POLL_S)
        for client in tuple(self._clients):
            client.drop()
        self._server.shutdown()
        self._thread.join()

    def send(self, row: LiveRow) -> None:
        """Queue a row for every client; see `Sink`."""
        for client in tuple(self._clients):
            client.put(row.line)

    def _serve(self, connection: "ServerConnection") -> None:
        client = _Client(connection)
        self._clients.add(client)
        try:
            client.run()
        finally:
            self._clients.discard(client)

    def _check_token(
        self, connection: "ServerConnection", request: "Request"
    ) -> "Response | None":
        if self._token is None:
            return None
        (of_page,) = parse_qs(urlsplit(request.path).query).get("token", [""])[:1]
        given = bearer_token(request.headers.get("Authorization", "")) or of_page
        if is_same_token(given, self._token):
            return None
        return connection.respond(
            HTTPStatus.UNAUTHORIZED,
            "send the header 'Authorization: Bearer TOKEN', or connect with ?token=TOKEN\n",
        )


class _Client:
    """A connection and the rows that wait for it."""

    def __init__(self, connection: "ServerConnection") -> None:
        self._connection = connection
        self._waiting: deque[bytes] = deque(maxlen=MAX_BEHIND)
        self._changed = Condition()
        self._has_ended = False
        self._sends_since_s: float | None = None

    def put(self, line: bytes) -> None:
        with self._changed:
            self._waiting.append(line)
            self._changed.notify()
        since_s = self._sends_since_s
        if since_s is not None and time.monotonic() - since_s > _STUCK_S:
            self.drop()

    def end(self) -> None:
        """Send what waits, for a second at most, and close."""
        with self._changed:
            self._has_ended = True
            self._changed.notify()

    def drop(self) -> None:
        """Cut the connection, also while it sends."""
        with contextlib.suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

        reader = Thread(target=self._discard, daemon=True)
        reader.start()
        try:
            while (line := self._next()) is not None:
                self._sends_since_s = time.monotonic()
                self._connection.send(line.rstrip(b"\n"), text=True)
                self._sends_since_s = None
        except (ConnectionClosed, OSError):
            return

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            return self._waiting.popleft() if self._waiting else None

    def _discard(self) -> None:
        """Read, and ignore, what the client sends, to notice when it leaves."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

        try:
            while True:
                self._connection.recv()
        except ConnectionClosed:
            self.end()


def _silent_logger() -> Any:
    logger = logging.getLogger("wildaffect.websocket")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
