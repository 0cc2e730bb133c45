"""Many jobs at once: bounded in memory, each with its own result."""

import re
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.serving.conftest import running
from tests.serving.test_endings import children, wait_for

from wildaffect.serving.client import ServiceRefused

NUM_JOBS = 50


def resident_mb(pid: int) -> float:
    """Return the memory of a process that is not shared with files."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) / 1000


def memory_mb(service) -> list[float]:
    """Return the memory of the service and of its processes, largest first."""
    pid = service.process.pid
    return [resident_mb(pid), *sorted(map(resident_mb, children(pid)), reverse=True)]


@pytest.mark.slow
def test_fifty_jobs_at_once_take_no_more_memory_than_two(tmp_path, clip):
    flags = ("--workers", "2", "--max-queued", str(NUM_JOBS))
    with running(tmp_path, *flags) as service:
        for job in [service.client.analyze(clip, stop_s=0.2) for _ in range(2)]:
            job.wait()
        before = memory_mb(service)
        jobs = []

        def send() -> None:
            jobs.append(service.client.analyze(clip, stop_s=0.2))

        threads = [threading.Thread(target=send) for _ in range(NUM_JOBS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({job.id for job in jobs}) == NUM_JOBS
        wait_for(lambda: all(job.refresh().state == "done" for job in jobs), 240)
        after = memory_mb(service)
        assert len(after) == len(before)
        assert max(now - then for now, then in zip(after, before, strict=True)) < 60
        tables = {job.download("csv", tmp_path / "found.csv").read_bytes() for job in jobs}
        assert len(tables) == 1


@pytest.mark.slow
def test_a_file_that_needs_too_much_memory_costs_its_own_job(tmp_path, clip):
    large = tmp_path / "large.png"
    cv2.imwrite(str(large), np.zeros((15_000, 15_000), np.uint8))
    with running(tmp_path / "data", "--max-memory-mb", "1024") as service:
        with pytest.raises(ServiceRefused, match=r"^large\.png: "):
            service.client.analyze(large).wait()
        assert service.client.analyze(clip).wait().state == "done"
