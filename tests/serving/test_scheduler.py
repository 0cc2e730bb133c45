"""Jobs and processes, where the disk is full or a process dies: each costs one job."""

import errno
import os
import signal
import time
from pathlib import Path

import pytest
from tests.serving.test_storage import new_job

from wildaffect.serving.process import WorkerProcess
from wildaffect.serving.records import JobRecord, State
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.store import JobStore


class FullDisk(JobStore):
    """A store on a disk that is full while jobs are in some state."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.full_for: set[State] = set()
        self.keeps: set[str] = set()
        """Jobs that cannot be deleted."""

    def save(self, record: JobRecord) -> None:
        if record.state in self.full_for:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().save(record)

    def remove(self, job_id: str) -> None:
        if job_id in self.keeps:
            raise OSError(errno.EROFS, "Read-only file system")
        super().remove(job_id)


def wait_for(condition, timeout_s: float = 30.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until_s, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def store(tmp_path):
    found = FullDisk(tmp_path / "data")
    yield found
    found.close()


@pytest.fixture
def scheduler(store, tmp_path):
    """Return a scheduler; jobs of one byte fail in the worker at once."""
    made = Scheduler(store, ServiceSettings(data=tmp_path / "data", keep_minutes=1))
    made.start()
    yield made
    made.close()


def ended(store: JobStore, record: JobRecord) -> JobRecord:
    wait_for(lambda: store.find(record.id).state.is_final)
    return store.find(record.id)


def test_a_full_disk_costs_the_jobs_of_that_time(store, scheduler, capsys):
    store.full_for = {State.RUNNING}
    unstarted = new_job(store)
    scheduler.submit(unstarted)
    failed = ended(store, unstarted)
    assert failed.state is State.FAILED
    assert "cannot write to its disk (No space left on device)" in failed.error
    store.full_for = {State.FAILED}
    unfinished = new_job(store)
    scheduler.submit(unfinished)
    assert "cannot write" not in ended(store, unfinished).error
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"wildaffect serve: {unfinished.id}: ")
    assert "it is repeated after a restart" in line
    store.full_for = set()
    last = new_job(store)
    scheduler.submit(last)
    assert "cannot write" not in ended(store, last).error


def test_a_job_that_cannot_be_deleted_does_not_end_deletion(store, scheduler):
    past = {"state": State.DONE, "expires_s": 1.0}
    stuck, other = (new_job(store).model_copy(update=past) for _ in range(2))
    store.keeps = {stuck.id}
    for record in (stuck, other):
        store.save(record)
    with scheduler._changed:
        scheduler._changed.notify_all()
    wait_for(lambda: store.find(other.id) is None)
    store.keeps = set()
    with scheduler._changed:
        scheduler._changed.notify_all()
    wait_for(lambda: store.find(stuck.id) is None)


def echo(connection, _settings) -> None:
    """Send back what arrives, with the id of the process."""
    while True:
        connection.send((os.getpid(), connection.recv()))


def test_a_process_that_died_while_idle_is_replaced():
    process = WorkerProcess(echo, None)
    try:
        process.start()
        process.send("one")
        pid, text = process.receive(30)
        assert text == "one"
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not process.is_alive)
        process.start()
        process.send("two")
        again, text = process.receive(30)
        assert text == "two"
        assert again != pid
        assert not process.has_ended
    finally:
        process.kill()
