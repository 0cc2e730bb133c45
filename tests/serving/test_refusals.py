"""Requests that are refused: each with a status, one form of error, and nothing left."""

import json
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

VIDEO = b"\0\0\0\x18ftypisom" + bytes(1000)
JSON = {"Content-Type": "application/json"}


def raw(service, text: bytes, *, wait_s: float = 10.0) -> bytes:
    """Send bytes as they are; return what comes back until the connection is closed."""
    host, port = urlsplit(service.address).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=wait_s) as link:
        link.sendall(text)
        found = b""
        while piece := link.recv(65536):
            found += piece
        return found


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [
        ("POST", "/api/jobs", b"", {}, (400, "empty")),
        ("POST", "/api/jobs", b"hello", {}, (415, "not_media")),
        ("POST", "/api/jobs", b"#EXTM3U\n/etc/passwd" + bytes(900), {}, (415, "not_media")),
        ("POST", "/api/jobs", b"ffconcat version 1.0\n" * 50, {}, (415, "not_media")),
        (
            "POST",
            "/api/jobs",
            VIDEO,
            {"Content-Type": "multipart/form-data"},
            (415, "form"),
        ),
        ("POST", "/api/jobs?every=0", VIDEO, {}, (422, "invalid")),
        ("POST", "/api/jobs?every=many", VIDEO, {}, (422, "invalid")),
        ("POST", "/api/jobs?start_s=nan", VIDEO, {}, (422, "invalid")),
        ("POST", "/api/jobs?format=exe", VIDEO, {}, (422, "invalid")),
        ("POST", "/api/jobs", bytes(3_000_001), {}, (413, "too_large")),
        ("POST", "/api/jobs/local", b"{", JSON, (422, "invalid")),
        ("POST", "/api/jobs/local", b'{"path": 7}', JSON, (422, "invalid")),
        ("POST", "/api/jobs/local", b'{"path": "http://x/y"}', JSON, (404, "no_such_file")),
        ("POST", "/api/jobs/local", b"[" * 100_000, JSON, (400, "bad_request")),
        ("GET", "/api/jobs/..%2f..%2fetc", None, {}, (404, "not_found")),
        ("GET", "/api/jobs/none/files/csv", None, {}, (404, "no_such_job")),
        ("GET", "/api/jobs/none/files/exe", None, {}, (422, "invalid")),
        ("GET", "/api/jobs/none/events", None, {"Last-Event-ID": "x"}, (422, "invalid")),
        ("DELETE", "/api/jobs/none", None, {}, (404, "no_such_job")),
        ("PATCH", "/api/jobs/none", None, {}, (405, "method_not_allowed")),
        ("GET", "/nothing", None, {}, (404, "not_found")),
        ("GET", "/assets/..%2fapp.py", None, {}, (404, "not_found")),
        ("GET", "/api/info", None, {"Host": "evil.example"}, (421, "wrong_host")),
        ("GET", "/api/info", None, {"Host": "[::1"}, (421, "wrong_host")),
        (
            "POST",
            "/api/jobs",
            VIDEO,
            {"Origin": "http://evil.example"},
            (403, "cross_site"),
        ),
        ("POST", "/api/jobs", VIDEO, {"Origin": "null"}, (403, "cross_site")),
        ("POST", "/api/jobs", VIDEO, {"Origin": "http://["}, (403, "cross_site")),
        ("GET", "/api/info", None, {"Sec-Fetch-Site": "cross-site"}, (403, "cross_site")),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    service, method, path, body, headers, expected
):
    before = service.files()
    assert service.error_of(method, path, body, headers) == expected
    assert service.files() == before


@pytest.mark.parametrize("text", [b"GET\r\n\r\n", b"\x16\x03\x01" * 99, b"A" * 100_000])
def test_what_is_no_http_is_answered_and_closed(service, text):
    assert raw(service, text).startswith(b"HTTP/1.1 4")


def test_headers_that_do_not_end_are_not_awaited(service):
    started_s = time.monotonic()
    assert raw(service, b"GET /api/info HTTP/1.1\r\nHost: localhost\r\nX: ") == b""
    assert time.monotonic() - started_s < 5


@pytest.mark.parametrize("is_pipelined", [False, True])
def test_later_headers_of_a_connection_are_not_awaited_either(service, is_pipelined):
    host, port = urlsplit(service.address).netloc.split(":")
    whole = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    half = b"GET /api/info HTTP/1.1\r\nHost: localhost\r\nX: "

    def answer(link: socket.socket) -> bytes:
        found = b""
        while not found.endswith(b'{"status":"ok"}'):
            found += link.recv(65536) or pytest.fail(f"closed after {found!r}")
        return found

    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall(whole + half if is_pipelined else whole)
        assert answer(link).startswith(b"HTTP/1.1 200")
        if not is_pipelined:
            time.sleep(2)  # longer than the limit, which does not hold between requests
            link.sendall(whole)
            assert answer(link).startswith(b"HTTP/1.1 200")
            link.sendall(half)
        started_s = time.monotonic()
        while link.recv(65536):
            pass
    assert time.monotonic() - started_s < 5


@pytest.mark.parametrize("length", [b"Content-Length: 5000", b"Transfer-Encoding: chunked"])
def test_an_upload_that_stops_is_ended_and_leaves_nothing(service, length):
    before = service.files()
    head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" + length + b"\r\n\r\n"
    part = VIDEO if b"Length" in length else b"3f4\r\n" + VIDEO
    answer = raw(service, head + part)
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_slow"
    assert service.files() == before


def test_an_upload_that_is_cut_off_leaves_nothing(service):
    before = service.files()
    host, port = urlsplit(service.address).netloc.split(":")
    with socket.create_connection((host, int(port))) as link:
        link.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000")
        link.sendall(b"\r\n\r\n" + VIDEO)
        wait_for(lambda: len(service.files()) > len(before))
    wait_for(lambda: service.files() == before)


def test_uploads_beyond_the_queue_are_asked_to_come_later(service):
    """Eight slow uploads hold all places of the queue."""
    host, port = urlsplit(service.address).netloc.split(":")
    before = service.files()
    links = [socket.create_connection((host, int(port))) for _ in range(8)]
    try:
        for link in links:
            link.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n")
            link.sendall(b"Content-Length: 5000\r\n\r\n" + VIDEO)
        wait_for(lambda: len(service.files()) == len(before) + 8)
        status, headers, body = service.request("POST", "/api/jobs", VIDEO)
        assert status == 503
        assert int(headers["retry-after"]) > 0
        assert json.loads(body)["error"]["code"] == "queue_full"
    finally:
        for link in links:
            link.close()
    wait_for(lambda: service.files() == before)


@pytest.mark.slow
def test_a_thousand_bad_requests_at_once_leave_nothing(service):
    before, statuses = service.files(), []

    def send(first: int) -> None:
        for number in range(first, 1000, 20):
            kind = number % 5
            body = (b"", b"x" * number, bytes(3_000_001), VIDEO, b"#EXTM3U")[kind]
            query = "?every=none" if kind == 3 else f"?name={'../' * number}x"
            try:
                statuses.append(service.request("POST", f"/api/jobs{query}", body)[0])
            except OSError:  # closed before all of the body was sent
                statuses.append(413)

    threads = [threading.Thread(target=send, args=(first,)) for first in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 1000
    assert set(statuses) <= {400, 413, 415, 422, 503}
    assert statuses.count(503) < 1000
    assert service.files() == before
    assert service.request("GET", "/api/health")[0] == 200


def wait_for(condition, timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until_s, "it did not happen in time"
        time.sleep(0.02)
