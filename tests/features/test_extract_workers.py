import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.engines.engine import InProcess
from wildaffect.engines.processes import Processes
from wildaffect.features.extract import Extracted
from wildaffect.features.extract_all import extract_all
from wildaffect.features.extract_sources import ExtractSource, find_extract_sources
from wildaffect.features.store import FeatureStore


def ignore(*_):
    """Show no progress."""


def run(plan, clips, engine, on_frame=ignore):
    jobs, store = find_extract_sources([clips], "crops"), FeatureStore(plan.store)
    done = extract_all(jobs, store, engine, on_video=ignore, on_frame=on_frame)
    return {outcome.video: outcome for outcome in done.videos}


class Canned:
    """An engine of two workers that ends videos in the order in which they were begun."""

    def __init__(self, **statuses):
        self.statuses, self.begun, self.at_work = statuses, [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert not self.at_work

    num_busy = property(lambda self: len(self.at_work))
    is_full = property(lambda self: len(self.at_work) == 2)

    def begin(self, job):
        self.begun.append(job.video)
        self.at_work.append(job)

    def wait(self, on_frame):
        job = self.at_work.pop(0)
        status = self.statuses.get(job.video, "done")
        return [(job, Extracted(video=job.video, status=status))]


def jobs_of(names, folder):
    return [ExtractSource(video=name, path=folder / name, images=None) for name in names]


def statuses(engine, names, folder):
    done = extract_all(
        jobs_of(names, folder),
        FeatureStore(folder),
        engine,
        on_video=ignore,
        on_frame=ignore,
    )
    return {outcome.video: outcome.status for outcome in done.videos}


def test_a_failed_video_does_not_stop_the_others(tmp_path):
    found = statuses(Canned(b="failed"), "abcd", tmp_path)
    assert list(found.values()) == ["done", "failed", "done", "done"]


def test_nothing_is_begun_once_the_store_cannot_take_more(tmp_path):
    engine = Canned(b="not stored")
    found = statuses(engine, "abcde", tmp_path)
    assert engine.begun == ["a", "b", "c"]  # `c` was at work already
    assert found == {
        "a": "done", "b": "not stored", "c": "done", "d": "not begun", "e": "not begun",
    }  # fmt: skip


def test_an_extraction_without_workers_is_refused(plan):
    with pytest.raises(UsageError, match="workers: must be at least 1, got 0"):
        Processes(plan, 0)


@pytest.mark.slow
def test_several_workers_store_the_same_bytes_as_one_and_tell_of_progress(
    plan, clips, tmp_path, contents
):
    run(plan, clips, InProcess(plan.worker))
    several = replace(plan, store=tmp_path / "several")
    seen = set()
    found = run(several, clips, Processes(several, 2), lambda job, *_: seen.add(job.video))
    assert [found[name].status for name in "abc"] == ["done"] * 3
    assert seen == {"a", "b", "c"}
    assert contents(several.store) == contents(plan.store) != {}
    again = run(several, clips, Processes(several, 2))
    assert {outcome.status for outcome in again.values()} == {"finished before"}


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_video_alone(plan, clips):
    engine = Processes(plan, 2)

    def kill(job, *_):
        if job.video == "b":
            worker = next(each for each in engine._workers if each.jobs == [job])
            worker.process.kill()

    found = run(plan, clips, engine, kill)
    assert (found["a"].status, found["c"].status) == ("done", "done")
    assert found["b"].status == "failed"
    assert "b.mp4: worker must live until the video ends" in found["b"].error
    assert "got one that was ended by SIGKILL" in found["b"].error
    assert run(plan, clips, InProcess(plan.worker))["b"].status == "done"


@pytest.mark.slow
def test_a_worker_that_cannot_load_its_networks_stops_the_job(unloadable, clips):
    with pytest.raises(WildAffectError, match="network: must load"):
        run(unloadable, clips, Processes(unloadable, 2))


@pytest.mark.usefixtures("takes_interrupts")
@pytest.mark.slow
@pytest.mark.e2e
def test_an_interrupt_ends_with_one_line_and_keeps_whole_entries(clips, tmp_path, plan):
    command = [sys.executable, "-m", "wildaffect", "extract", str(clips)]
    command += ["-o", str(plan.store), "--workers", "2", "--quiet"]
    child = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    store = FeatureStore(plan.store)
    until = time.monotonic() + 60
    while not store.tracks("geometry", "c") and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does
    _, err = child.communicate(timeout=60)
    assert err.splitlines() == ["wildaffect: stopped"]
    assert child.returncode == 130
    assert {name.video for name in store.entries()} == {"a", "c"}
    assert not list(plan.store.rglob("*.part"))
    again = run(plan, clips, InProcess(plan.worker))
    assert [again[name].status for name in "abc"] == [
        "finished before", "done", "finished before",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("sent", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_workers_end_with_their_parent_however_it_ends(clips, plan, sent, status):
    command = [sys.executable, "-m", "wildaffect", "extract", str(clips)]
    command += ["-o", str(plan.store), "--workers", "2", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
        store = FeatureStore(plan.store)
        until = time.monotonic() + 60
        while not store.tracks("geometry", "c") and time.monotonic() < until:
            time.sleep(0.02)
        workers = descendants(child.pid)
        child.send_signal(sent)
        assert child.wait(timeout=20) == status
    until = time.monotonic() + 5
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.02)
    assert len(workers) >= 2
    assert not [pid for pid in workers if is_alive(pid)]
    assert run(plan, clips, InProcess(plan.worker))["b"].status == "done"
    assert not list(plan.store.rglob("*.part"))


def descendants(pid):
    """Return the processes that a process has started, and theirs."""
    children = [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdecimal() and parent_of(path) == pid
    ]
    return [*children, *(each for child in children for each in descendants(child))]


def parent_of(process):
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return None


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
@pytest.mark.e2e
def test_the_command_takes_workers_and_names_what_failed(clips, plan, capsys):
    (clips / "d.mp4").write_bytes(b"no video at all")
    given = ["extract", str(clips), "-o", str(plan.store), "--workers", "2", "--json"]
    assert main([*given, "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert "d.mp4: not a video" in err
    record = json.loads(out)
    assert [video["video"] for video in record["videos"]] == ["a", "b", "c", "d"]
    assert (record["num_done"], record["num_failed"]) == (3, 1)


def test_a_cluster_needs_its_extra(clips, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    given = ["extract", str(clips), "-o", str(tmp_path / "s"), "--engine", "ray"]
    assert main(given) == 1
    assert "pip install 'wildaffect[cluster]'" in capsys.readouterr().err


def test_the_address_of_a_cluster_needs_the_engine(clips, tmp_path, capsys):
    given = ["extract", str(clips), "-o", str(tmp_path / "s"), "--address", "auto"]
    assert main(given) == 2
    assert "--address auto: only valid with --engine ray" in capsys.readouterr().err
