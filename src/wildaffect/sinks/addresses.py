"""Receivers by their address, as in `stream --to ws://127.0.0.1:8765`."""

from difflib import get_close_matches
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from wildaffect.core.errors import UsageError
from wildaffect.core.tokens import TOKEN_VARIABLE
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.table import table_format
from wildaffect.sinks.lsl import LslSink
from wildaffect.sinks.osc import OscSink
from wildaffect.sinks.sink import Sink
from wildaffect.sinks.standard_output import StandardOutput
from wildaffect.sinks.table import TableSink
from wildaffect.sinks.websocket import WebSocketSink
from wildaffect.sinks.zeromq import ZeroMqSink

STANDARD_OUTPUT = "-"
SCHEMES = ("ws", "osc", "zmq", "lsl")


def sink_of(
    address: str, schema: ResultSchema, provenance: Provenance, *, token: str | None = None
) -> Sink:
    """Return the receiver at an address; nothing is opened yet.

    Args:
        address: `-` for standard output; `ws://HOST:PORT`; `osc://HOST:PORT`;
            `zmq://HOST:PORT`; `lsl:NAME`; or the name of a table.
        schema: Columns of the rows.
        provenance: Origin of the rows, for a table.
        token: Secret of a WebSocket.

    Raises:
        UsageError: If it is none of these, or holds a token.
    """
    if address == STANDARD_OUTPUT:
        return StandardOutput()
    scheme, colon, rest = address.partition(":")
    if colon and scheme == "lsl":
        return LslSink(_stream_name(address, rest), schema)
    if "://" not in address:
        table_format(Path(address))
        return TableSink(Path(address), schema, provenance)
    parts = urlsplit(address)
    if "token" in parse_qs(parts.query, keep_blank_values=True):
        raise UsageError(
            f"{address.partition('?')[0]}: receiver must not hold the token, which every "
            "user of this machine could read; put it into a file and give "
            f'`token_file="token.txt"`, or set {TOKEN_VARIABLE}'
        )
    match parts.scheme:
        case "ws":
            return WebSocketSink(*_place(address, parts), token)
        case "osc":
            return OscSink(*_place(address, parts), schema)
        case "zmq":
            return ZeroMqSink(*_place(address, parts))
        case _:
            raise _unknown(address, parts.scheme)


def _unknown(address: str, scheme: str) -> UsageError:
    near = get_close_matches(scheme, SCHEMES, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return UsageError(
        f"{address}: receiver must be one of -, ws://, osc://, zmq://, lsl: and tables, "
        f"got {scheme}://{hint}"
    )


def _place(address: str, parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        host, port, reason = None, None, str(error)
    else:
        reason = (f"port {port}" if port == 0 else "no port") if host else "no host"
    if not host or not port:
        raise UsageError(
            f"{address}: receiver must have host and port, such as "
            f"{parts.scheme}://127.0.0.1:9000, got {reason}"
        )
    return host, port


def _stream_name(address: str, rest: str) -> str:
    name = rest.removeprefix("//").strip("/")
    if not name:
        raise UsageError(f"{address}: stream must have a name, such as lsl:wildaffect")
    return name
