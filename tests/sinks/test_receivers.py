"""Every receiver with the reader that its users have: rows arrive whole and in order."""

import contextlib
import json
import math
import socket
import time

import pytest

from wildaffect.core.errors import OutputError
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.sidecar import Provenance, read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.sinks.lsl import LslSink
from wildaffect.sinks.osc import OscSink
from wildaffect.sinks.sink import LiveRow
from wildaffect.sinks.standard_output import StandardOutput
from wildaffect.sinks.table import TableSink
from wildaffect.sinks.websocket import WebSocketSink
from wildaffect.sinks.zeromq import ZeroMqSink

WAIT_S = 10.0
TOKEN = "0123456789abcdef"


def test_standard_output_gets_lines_that_are_rows(live_row, capfdbinary):
    with StandardOutput() as sink:
        sink.send(live_row(0))
        sink.send(live_row(1, None))
    first, second = map(json.loads, capfdbinary.readouterr().out.splitlines())
    assert first["valence"] == 0.5
    assert first["blendshape_jawOpen"] == pytest.approx(
        float(live_row(0).result.face.blendshapes[25])
    )
    assert second == {"frame": 1, "time_s": pytest.approx(1 / 30), "status": "no_face"}


def test_a_table_holds_the_rows_and_is_never_written_over(live_row, tmp_path):
    path = tmp_path / "session.csv"
    schema = live_row().schema
    with TableSink(path, schema, Provenance()) as sink:
        for frame in range(5):
            sink.send(live_row(frame))
    assert read_table(path)["frame"].to_pylist() == [0, 1, 2, 3, 4]
    assert read_sidecar(path)["complete"]
    with (
        pytest.raises(OutputError, match=r"session\.csv: a file .* exists"),
        TableSink(path, schema, Provenance()),
    ):
        pass


def test_a_table_is_complete_after_an_interrupt(live_row, tmp_path):
    path = tmp_path / "session.csv"
    with (
        contextlib.suppress(KeyboardInterrupt),
        TableSink(path, live_row().schema, Provenance()) as sink,
    ):
        sink.send(live_row())
        raise KeyboardInterrupt
    assert read_sidecar(path)["complete"]


def test_web_socket_clients_get_every_row(live_row):
    client = pytest.importorskip("websockets.sync.client")
    with WebSocketSink("127.0.0.1", 0) as sink:
        address = f"ws://127.0.0.1:{sink.port}"
        with client.connect(address) as one, client.connect(address) as two:
            _until_connected(sink, 2)
            for frame in range(20):
                sink.send(live_row(frame))
            for each in (one, two):
                got = [json.loads(each.recv(timeout=WAIT_S)) for _ in range(20)]
                assert [row["frame"] for row in got] == list(range(20))
                assert got[0] == json.loads(live_row(0).line)


def test_a_web_socket_client_that_falls_behind_gets_the_newest_rows(live_row):
    client = pytest.importorskip("websockets.sync.client")
    wide = result_schema(landmarks=True)
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(WebSocketSink("127.0.0.1", 0))
        address = f"ws://127.0.0.1:{sink.port}"
        slow = stack.enter_context(client.connect(address, max_queue=1))
        _until_connected(sink, 1)
        started_s = time.monotonic()
        row = LiveRow(live_row(0).result, wide, 0.0)
        assert len(row.line) > 20_000
        for _ in range(2000):
            sink.send(row)
        assert time.monotonic() - started_s < WAIT_S  # no sender waited for the client
        last = LiveRow(live_row(9).result, wide, 0.0)
        sink.send(last)
        num_got = 0
        while json.loads(slow.recv(timeout=WAIT_S))["frame"] != 9:
            num_got += 1
        assert num_got < 1900


def test_a_web_socket_client_that_never_reads_holds_nothing_up(live_row):
    pytest.importorskip("websockets")
    row = LiveRow(live_row(0).result, result_schema(landmarks=True), 0.0)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with WebSocketSink("127.0.0.1", 0) as sink:
            stuck.connect(("127.0.0.1", sink.port))
            stuck.sendall(
                b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            )
            _until_connected(sink, 1)
            for _ in range(500):
                sink.send(row)
            started_s = time.monotonic()
        assert time.monotonic() - started_s < WAIT_S


def test_web_pages_of_other_sites_cannot_listen(live_row):
    client = pytest.importorskip("websockets.sync.client")
    exceptions = pytest.importorskip("websockets.exceptions")
    with WebSocketSink("127.0.0.1", 0) as sink:
        address = f"ws://127.0.0.1:{sink.port}"
        for origin in ("https://example.org", "null", "http://localhost.example.org"):
            with (
                pytest.raises(exceptions.InvalidStatus, match="403"),
                client.connect(address, origin=origin),
            ):
                pass
        with client.connect(address, origin="http://localhost:3000"):
            pass


def test_a_token_is_checked(live_row):
    client = pytest.importorskip("websockets.sync.client")
    exceptions = pytest.importorskip("websockets.exceptions")
    with WebSocketSink("127.0.0.1", 0, token=TOKEN) as sink:
        address = f"ws://127.0.0.1:{sink.port}"
        for path in ("", "/?token=", f"/?token={TOKEN[:-1]}", "/?token=\u00e9"):
            with (
                pytest.raises(exceptions.InvalidStatus, match="401"),
                client.connect(address + path),
            ):
                pass
        with client.connect(f"{address}/?token={TOKEN}"):
            pass


def test_programs_send_the_token_in_a_header():
    client = pytest.importorskip("websockets.sync.client")
    exceptions = pytest.importorskip("websockets.exceptions")
    with WebSocketSink("127.0.0.1", 0, token=TOKEN) as sink:
        address = f"ws://127.0.0.1:{sink.port}"
        for header in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
            with (
                pytest.raises(exceptions.InvalidStatus, match="401"),
                client.connect(address, additional_headers={"Authorization": header}),
            ):
                pass
        right = {"Authorization": f"Bearer {TOKEN}"}
        with client.connect(address, additional_headers=right):
            pass


@pytest.mark.parametrize("kind", [WebSocketSink, ZeroMqSink])
def test_a_port_in_use_is_named(kind):
    pytest.importorskip("websockets" if kind is WebSocketSink else "zmq")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                OutputError, match=rf"127\.0\.0\.1:{port}: .* choose another port"
            ),
            kind("127.0.0.1", port),
        ):
            pass


def test_osc_bundles_hold_a_message_per_value(live_row):
    osc = pytest.importorskip("pythonosc.osc_bundle")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(WAIT_S)
        with OscSink("127.0.0.1", receiver.getsockname()[1], live_row().schema) as sink:
            sink.send(live_row(3, 2))
            sink.send(live_row(4, None))
        packets = [receiver.recv(1 << 16) for _ in range(2)]
    first, second = (
        {message.address: message.params for message in osc.OscBundle(packet)}
        for packet in packets
    )
    assert first["/wildaffect/face/2/valence"] == [0.5]
    assert first["/wildaffect/face/2/expression"] == ["Happiness"]
    assert first["/wildaffect/face/2/AU01_present"] == [True]
    assert first["/wildaffect/face/2/frame"] == [3]
    assert "/wildaffect/face/2/blendshape/jawOpen" in first
    assert second == {"/wildaffect/no_face": [4, pytest.approx(4 / 30)]}


def test_zeromq_subscribers_choose_people_by_topic(live_row):
    zmq = pytest.importorskip("zmq")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        ZeroMqSink("127.0.0.1", port) as sink,
        zmq.Context() as context,
        context.socket(zmq.SUB) as subscriber,
    ):
        subscriber.rcvtimeo = int(WAIT_S * 1e3)
        subscriber.subscribe("face/1")
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        until_s = time.monotonic() + WAIT_S
        while not subscriber.poll(20) and time.monotonic() < until_s:
            sink.send(live_row(0, 1))  # until the subscription has arrived
        for frame in range(1, 6):
            for track in (0, 1, None):
                sink.send(live_row(frame, track))
        got = []
        while not got or got[-1] != 5:
            topic, line = subscriber.recv_multipart()
            assert topic == b"face/1"
            got.append(json.loads(line)["frame"])
    assert [frame for frame in got if frame] == [1, 2, 3, 4, 5]


def test_lsl_inlets_get_samples_at_the_times_of_their_frames(live_row):
    pylsl = pytest.importorskip("pylsl")
    with LslSink("wildaffect-test", live_row().schema) as sink:
        (found,) = pylsl.resolve_byprop("name", "wildaffect-test", timeout=WAIT_S)
        inlet = pylsl.StreamInlet(found)
        inlet.open_stream(timeout=WAIT_S)
        arrived_s = time.monotonic()
        on_lsl_s = pylsl.local_clock()
        sink.send(live_row(3, 2, arrived_s))
        sink.send(live_row(4, None, arrived_s + 1.0))
        first, first_s = inlet.pull_sample(timeout=WAIT_S)
        second, second_s = inlet.pull_sample(timeout=WAIT_S)
        names = _channel_labels(inlet.info())
        inlet.close_stream()
    one, two = dict(zip(names, first, strict=True)), dict(zip(names, second, strict=True))
    assert (one["frame"], one["track_id"], one["valence"]) == (3, 2, 0.5)
    assert one["AU01_present"] == 1
    assert first_s == pytest.approx(on_lsl_s, abs=0.005)
    assert second_s - first_s == pytest.approx(1.0, abs=1e-6)
    assert two["frame"] == 4
    assert math.isnan(two["track_id"])
    assert math.isnan(two["valence"])


def _channel_labels(info):
    labels, channel = [], info.desc().child("channels").child("channel")
    for _ in range(info.channel_count()):
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling()
    return labels


def _until_connected(sink, number):
    until_s = time.monotonic() + WAIT_S
    while len(sink._clients) < number:
        assert time.monotonic() < until_s
        time.sleep(0.01)
