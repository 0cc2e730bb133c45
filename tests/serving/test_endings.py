"""Services and workers that end: nothing is lost, and no process stays behind."""

import os
import signal
import socket
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.serving.conftest import running
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import wildaffect
from wildaffect.serving.client import ServiceRefused

PEOPLE = Path(wildaffect.__file__).parent / "demo" / "people.mp4"


def children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    threads = Path(f"/proc/{parent}/task").iterdir()
    for thread in threads:
        found += (thread / "children").read_text().split()
    return sorted({int(pid) for pid in found})


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, timeout_s: float = 60.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until_s, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_keeps_what_is_done_and_repeats_what_was_not(tmp_path, clip, number):
    with running(tmp_path) as service:
        done = service.client.analyze(clip).wait()
        table = done.download("csv", tmp_path / "before.csv").read_bytes()
        cut = service.client.analyze(PEOPLE, stop_s=2)
        waiting = service.client.analyze(clip)
        wait_for(lambda: cut.refresh().view["progress"]["frames_done"] > 5)
        started = children(service.process.pid)
        assert started
        assert service.stop(number) == (-9 if number == signal.SIGKILL else 0)
        wait_for(lambda: not any(map(is_alive, started)))
    with running(tmp_path) as service:
        again = service.client.job(done.id)
        assert again.state == "done"
        assert again.download("csv", tmp_path / "after.csv").read_bytes() == table
        for job, attempts in ((cut, 2), (waiting, 1)):
            view = service.client.job(job.id).wait().view
            assert view["attempts"] == attempts
            assert view["error"] is None


@pytest.mark.slow
def test_a_worker_that_dies_costs_one_job(tmp_path, clip):
    with running(tmp_path, "--workers", "1") as service:
        job = service.client.analyze(PEOPLE)
        wait_for(lambda: job.refresh().view["progress"]["frames_done"] > 5)
        for pid in children(service.process.pid):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGSEGV)
        with pytest.raises(ServiceRefused, match=r"people\.mp4: the process that read it "):
            job.wait()
        assert service.client.analyze(clip).wait().state == "done"


@pytest.mark.slow
def test_a_job_ends_at_its_limit_of_time(tmp_path):
    with running(tmp_path, "--max-minutes", "0.05") as service:
        job = service.client.analyze(PEOPLE)
        with pytest.raises(
            ServiceRefused, match=r"not done after 0\.05 minutes, the limit"
        ):
            job.wait()


@pytest.mark.slow
def test_files_are_deleted_after_their_time(tmp_path, clip, takes_interrupts):
    with running(tmp_path, "--keep-minutes", "0.02") as service:
        job = service.client.analyze(clip).wait()
        wait_for(lambda: service.request("GET", f"/api/jobs/{job.id}")[0] == 404)
        wait_for(lambda: service.files() == [])
        assert service.stop(signal.SIGINT) == 0


@pytest.mark.slow
def test_what_is_open_when_the_service_ends_is_closed(tmp_path):
    with running(tmp_path) as service:
        host, port = urlsplit(service.address).netloc.split(":")
        job = service.client.analyze(PEOPLE)
        events = job.client._request("GET", f"/api/jobs/{job.id}/events")
        upload = socket.create_connection((host, int(port)))
        upload.sendall(
            b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000"
        )
        upload.sendall(b"\r\n\r\n" + b"\0\0\0\x18ftypisom" + bytes(1000))
        with connect(f"ws://{host}:{port}/api/live") as live, upload, closing(events):
            assert "ready" in live.recv(timeout=60)
            started = children(service.process.pid)
            assert len(started) >= 2
            assert service.stop() == 0
            with pytest.raises(ConnectionClosed):
                live.recv(timeout=10)
            assert events.read()
        wait_for(lambda: not any(map(is_alive, started)))
        inputs = [name for name in service.files() if "/input/" in name]
        assert inputs == [f"jobs/{job.id}/input/people.mp4"]
