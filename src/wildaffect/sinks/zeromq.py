"""ZeroMQ: a publisher of rows as JSON, under a topic per person."""

from types import TracebackType
from typing import Any, Self

from wildaffect.core.errors import MissingExtra, OutputError
from wildaffect.sinks.sink import LiveRow

_LINGER_MS = 500
"""Maximum time that the last rows get to leave."""


class ZeroMqSink:
    """Binds a PUB socket. A message has two parts: topic and row.

    The topic is `face/TRACK`, or `no_face` for a frame without a face; the row is a line of
    a `.jsonl` table. A subscriber that is more than 1,000 messages behind loses the newest
    (the high-water mark of ZeroMQ).
    """

    def __init__(self, host: str, port: int) -> None:
        self._is_ipv6 = ":" in host
        self._address = (
            f"tcp://[{host}]:{port}" if self._is_ipv6 else f"tcp://{host}:{port}"
        )
        self._context: Any = None
        self._socket: Any = None

    def __enter__(self) -> Self:
        try:
            import zmq  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("zmq://", "live") from error
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.linger = _LINGER_MS
        self._socket.ipv6 = self._is_ipv6
        try:
            self._socket.bind(self._address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise OutputError(
                f"{self._address}: must be an address of this machine with a free port, "
                f"got {str(error).lower()}; choose another port"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._context.term()

    def send(self, row: LiveRow) -> None:
        """Publish a row; see `Sink`."""
        face = row.result.face
        topic = "no_face" if face is None else f"face/{face.track_id}"
        self._socket.send_multipart([topic.encode(), row.line.rstrip(b"\n")])
