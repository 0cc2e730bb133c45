"""Open Sound Control over UDP: one bundle per row.

Addresses are `/wildaffect/face/TRACK/COLUMN` with one argument, for every column that has
a value. `/wildaffect/no_face` with number and time of the frame stands for a frame without
a face.
"""

from types import TracebackType
from typing import Any, Self

from wildaffect.core.errors import MissingExtra, OutputError, UsageError
from wildaffect.outputs.schema import Group, ResultSchema
from wildaffect.sinks.sink import LiveRow

_ROOT = "/wildaffect"
_LEFT_OUT = {"track_id"}
"""Columns that are part of the address."""
_BLENDSHAPE = "blendshape_"


class OscSink:
    """Sends bundles to a host and port.

    Args:
        host: Name or address of the receiver.
        port: Its UDP port.
        schema: Columns of the rows.

    Raises:
        UsageError: If the columns do not fit into a packet.
    """

    def __init__(self, host: str, port: int, schema: ResultSchema) -> None:
        if any(column.group is Group.LANDMARKS for column in schema.columns):
            raise UsageError(
                f"osc://{host}:{port}: landmarks do not fit into a packet; leave them out, "
                "or send to ws:// or zmq://"
            )
        self._host, self._port = host, port
        self._client: Any = None

    def __enter__(self) -> Self:
        try:
            from pythonosc.udp_client import UDPClient  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("osc://", "live") from error
        try:
            self._client = UDPClient(self._host, self._port)
        except OSError as error:
            raise OutputError(
                f"osc://{self._host}:{self._port}: host must be known, got "
                f"{error.strerror or error}; check its name"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def send(self, row: LiveRow) -> None:
        """Send a row as one bundle; see `Sink`."""
        from pythonosc.osc_bundle_builder import (  # noqa: PLC0415 - an extra
            IMMEDIATELY,
            OscBundleBuilder,
        )

        bundle = OscBundleBuilder(IMMEDIATELY)
        for address, arguments in messages(row.values):
            bundle.add_content(_message(address, arguments))
        try:
            self._client.send(bundle.build())
        except OSError as error:
            raise OutputError(
                f"osc://{self._host}:{self._port}: packet must be sent, got "
                f"{error.strerror or error}"
            ) from error


def messages(values: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return address and arguments of every message of a row."""
    if "track_id" not in values:
        return [(f"{_ROOT}/no_face", [values["frame"], values["time_s"]])]
    face = f"{_ROOT}/face/{values['track_id']}"
    return [
        (f"{face}/{_path(name)}", [value])
        for name, value in values.items()
        if name not in _LEFT_OUT
    ]


def _path(column: str) -> str:
    if column.startswith(_BLENDSHAPE):
        return f"blendshape/{column.removeprefix(_BLENDSHAPE)}"
    return column


def _message(address: str, arguments: list[Any]) -> Any:
    from pythonosc.osc_message_builder import OscMessageBuilder  # noqa: PLC0415

    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build()
