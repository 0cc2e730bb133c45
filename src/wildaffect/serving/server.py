"""The server: a socket, its time limits, and a clean end."""

import asyncio
import socket
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wildaffect.core.errors import UsageError
from wildaffect.serving.app import Service
from wildaffect.serving.settings import ServiceSettings

MAX_CONNECTIONS = 200
MAX_HEADER_BYTES = 32_768
_END_S = 5
_KEEP_ALIVE_S = 15


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address.

    Raises:
        UsageError: If the address cannot be used.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
            bound.listen()  # so that whoever reads the address may connect at once
        except BaseException:
            bound.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{host}:{port}: must be a free address of this machine, got {reason}; choose "
            "another with --host and --port"
        ) from error
    return bound


def serve(service: Service, bound: socket.socket, settings: ServiceSettings) -> None:
    """Serve until SIGINT or SIGTERM; no process or unfinished upload is left behind."""
    config = uvicorn.Config(
        service.app,
        http=_protocol(settings.client_timeout_s),
        ws="websockets-sansio",
        ws_max_size=settings.live.max_frame_bytes + 64,
        ws_max_queue=4,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_END_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    _Server(config, service).run(sockets=[bound])


class _Server(uvicorn.Server):
    """A server whose endless responses end when it does."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.scheduler.is_closing = True
        await super().shutdown(sockets)


def _protocol(client_timeout_s: float) -> type[asyncio.Protocol]:
    """Return the protocol, which closes connections that send no whole headers in time.

    That holds for each request of a connection; one that sends nothing after a response is
    closed after `_KEEP_ALIVE_S`.
    """

    class TimelyHeaders(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_headers(has_begun=True)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._await_headers(has_begun=True)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._await_headers(has_begun=bool(self.conn.trailing_data[0]))

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _await_headers(self, *, has_begun: bool) -> None:
            """Start the time limit if headers are incomplete; stop it if they are not."""
            if self.conn.their_state is not h11.IDLE:
                self._stop_waiting()
            elif has_begun and self._deadline is None:
                close = self.transport.close
                self._deadline = self.loop.call_later(client_timeout_s, close)

        def _stop_waiting(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return TimelyHeaders
