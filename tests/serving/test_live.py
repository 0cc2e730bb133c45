"""Live sessions over a WebSocket, without a browser."""

import json
import struct
import time
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from tests.serving.conftest import PORTRAIT
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from wildaffect.video.pixels import read_image

NAN = float("nan")


@pytest.fixture(scope="module")
def picture() -> bytes:
    """Return a JPEG of the portrait, 256 pixels wide."""
    small = np.ascontiguousarray(read_image(PORTRAIT)[:512:2, :512:2])
    return cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1].tobytes()


@contextmanager
def open_session(service):
    address = service.address.replace("http:", "ws:") + "/api/live"
    until_s = time.monotonic() + 60
    while True:
        with connect(address, open_timeout=60) as socket:
            try:
                assert json.loads(socket.recv(timeout=60)) == {"type": "ready"}
            except ConnectionClosed:  # an earlier session has not ended yet
                if time.monotonic() > until_s:
                    raise
                time.sleep(0.1)
                continue
            yield socket
            return


def message(time_s: float, data: bytes) -> bytes:
    return struct.pack("<d", time_s) + data


def close_of(socket) -> tuple[int, str]:
    """Return code and reason of the end of a session."""
    try:
        while True:
            socket.recv(timeout=60)
    except ConnectionClosed as closed:
        return closed.rcvd.code, closed.rcvd.reason


def test_frames_give_rows_in_order_and_every_frame_is_answered_or_counted(service, picture):
    with open_session(service) as socket:
        rows, sent = [], []
        until_s = time.monotonic() + 60
        while len(rows) < 20 and time.monotonic() < until_s:
            sent.append(len(sent) / 30)
            socket.send(message(sent[-1], picture))
            time.sleep(0.03)
            try:
                while True:
                    found = json.loads(socket.recv(timeout=0.001))
                    if "type" not in found:
                        rows.append(found)
            except TimeoutError:
                pass
    numbers = [row["frame"] for row in rows]
    assert len(rows) >= 20
    assert numbers == sorted(set(numbers))
    assert [row["time_s"] for row in rows] == [sent[number] for number in numbers]
    assert rows[-1]["status"] == "ok"
    assert {"valence", "arousal", "expression", "AU12", "box_x0"} <= rows[-1].keys()


def test_a_burst_is_cut_to_the_newest(service, picture):
    with open_session(service) as socket:
        for number in range(100):
            socket.send(message(number / 100, picture))
        last = {}
        while last.get("frame") != 99:
            found = json.loads(socket.recv(timeout=60))
            last = last if "type" in found else found
        socket.send(message(2.0, picture))


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        ((b"",), 1008, "frame 0: times must be finite and increase"),
        (
            (message(NAN, b"x"),),
            1008,
            "frame 0: times must be finite and increase",
        ),
        ((message(-1, b""),), 1008, "frame 0: times must be finite and increase"),
        (("text",), 1008, "a frame must be a binary message"),
        ((message(0, b"no picture at all"),), 1011, "frame 0: "),
        ((bytes(2_100_000),), 1009, ""),
    ],
)
def test_what_is_no_frame_ends_the_session(service, messages, code, reason):
    with open_session(service) as socket:
        for each in messages:
            socket.send(each)
        found = close_of(socket)
    assert found[0] == code
    assert reason in found[1]


def test_a_picture_too_large_is_refused_before_it_is_decoded(service):
    large = cv2.imencode(".png", np.zeros((3000, 3000), np.uint8))[1].tobytes()
    with open_session(service) as socket:
        socket.send(message(0, large))
        code, reason = close_of(socket)
    assert code == 1011
    assert "must have at most 2100000 pixels, got 3000x3000" in reason


def test_sessions_are_limited_in_number(service, picture):
    with open_session(service) as first, open_session(service):
        with connect(service.address.replace("http:", "ws:") + "/api/live") as third:
            code, reason = close_of(third)
        assert (code, reason) == (1013, "all 2 live sessions are taken; try again later")
        for number in range(30):
            first.send(message(number / 30, picture))
        assert "frame" in first.recv(timeout=60)


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_pages_of_other_sites_get_no_session(service, headers):
    address = service.address.replace("http:", "ws:") + "/api/live"
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers=headers)
    assert refused.value.response.status_code == 403
