import pytest

from wildaffect.core.errors import UsageError
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.sinks.addresses import sink_of


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("-", "StandardOutput"),
        ("ws://127.0.0.1:8765", "WebSocketSink"),
        ("ws://localhost:8765", "WebSocketSink"),
        ("ws://[::1]:8765", "WebSocketSink"),
        ("osc://127.0.0.1:9000", "OscSink"),
        ("zmq://127.0.0.1:5556", "ZeroMqSink"),
        ("lsl:face", "LslSink"),
        ("lsl://face", "LslSink"),
        ("a/session.csv", "TableSink"),
        ("session.parquet", "TableSink"),
    ],
)
def test_an_address_chooses_its_receiver(address, kind):
    assert type(sink_of(address, result_schema(), Provenance())).__name__ == kind


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("wss://127.0.0.1:1", "got wss://; did you mean ws?"),
        ("http://127.0.0.1:1", "must be one of -, ws://, osc://, zmq://, lsl: and tables"),
        (
            "ws://127.0.0.1",
            "must have host and port, such as ws://127.0.0.1:9000, got no po",
        ),
        ("osc://:9000", "got no host"),
        ("zmq://127.0.0.1:99999", "Port out of range"),
        ("ws://0.0.0.0:8765", "token must be given where other machines can connect"),
        ("ws://192.168.1.2:8765", "token must be given where other machines can connect"),
        ("ws://0.0.0.0:8765/?token=short", "put it into a file and give `token_file="),
        ("ws://127.0.0.1:8765?token=", "or set WILDAFFECT_TOKEN"),
        (
            "ws://127.0.0.1:0",
            "must have host and port, such as ws://127.0.0.1:9000, got po",
        ),
        ("lsl:", "must have a name"),
        ("session.txt", "result must end in one of"),
    ],
)
def test_a_wrong_address_is_named_with_what_to_do(address, message):
    with pytest.raises(UsageError) as error:
        sink_of(address, result_schema(), Provenance())
    assert str(error.value).startswith(address.partition("?")[0])
    assert "short" not in str(error.value)
    assert message in str(error.value)


def test_the_token_of_a_websocket_has_at_least_16_characters():
    def sink(token):
        return sink_of("ws://0.0.0.0:1", result_schema(), Provenance(), token=token)

    assert type(sink("0123456789abcdef")).__name__ == "WebSocketSink"
    with pytest.raises(UsageError, match="at least 16 characters, got 5"):
        sink("short")


def test_landmarks_do_not_fit_into_packets_of_osc():
    with pytest.raises(UsageError, match="landmarks do not fit into a packet"):
        sink_of("osc://127.0.0.1:9000", result_schema(landmarks=True), Provenance())
