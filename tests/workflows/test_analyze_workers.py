"""Several workers, shards and a cluster give the files of one process."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pandas as pd
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.demo.clip import PORTRAIT
from wildaffect.video.write import VideoWriter


def write_clip(path, num_frames):
    image = cv2.imread(str(PORTRAIT))[60:240, 110:350, ::-1].copy()
    with VideoWriter(path, width=240, height=180, fps_hint=25) as video:
        for number in range(num_frames):
            video.write(image, number / 25)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three clips, of which `b` takes seconds, and a file that is no video."""
    folder = tmp_path_factory.mktemp("workers") / "videos"
    folder.mkdir()
    for name, num_frames in (("a", 8), ("b", 250), ("d", 6)):
        write_clip(folder / f"{name}.mp4", num_frames)
    (folder / "c.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def expected(videos):
    """The files of one process."""
    list(wildaffect.analyze_files(videos, videos.parent / "one"))
    return contents(videos.parent / "one")


def contents(folder):
    """Return tables, events and what their sidecars say."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert not [name for name in found if ".part" in name]
    return found


def test_two_workers_write_the_same_bytes_and_report_in_the_order_of_the_inputs(
    videos, expected, tmp_path, capfd
):
    out = tmp_path / "out"
    assert main(["analyze", str(videos), "-o", str(out), "--workers", "2", "--json"]) == 1
    printed, err = capfd.readouterr()
    assert contents(out) == expected
    assert {name for name in expected if name.endswith(".events.csv")} == {
        "a.events.csv", "b.events.csv", "d.events.csv",
    }  # fmt: skip
    document = json.loads(printed)
    names = [entry["source"].rpartition("/")[2] for entry in document["files"]]
    assert names == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert document["num_errors"] == 1
    assert "c.mp4: not a video" in err
    assert document["files"][1]["summary"]["num_frames"] == 250


def test_three_shards_cover_every_input_once(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    names = [f"{number:02d}.mp4" for number in range(24)]
    for name in names:
        (folder / name).write_bytes(b"")
    found = [
        [
            job.results[0].stem + job.source.suffix
            for job in wildaffect.analyze_files(
                folder, tmp_path / "out", shard=f"{number}/3", num_workers=2
            ).jobs
        ]
        for number in (1, 2, 3)
    ]
    assert [len(part) for part in found] == [8, 8, 8]
    assert sorted(name for part in found for name in part) == names


def test_a_shard_without_inputs_is_complete(videos, tmp_path, capfd):
    given = ["analyze", str(videos / "a.mp4"), "-o", str(tmp_path / "out")]
    assert main([*given, "--shard", "2/2"]) == 0
    assert capfd.readouterr().out.startswith("0 files")


def test_the_options_of_a_single_input_are_refused_alike_on_a_cluster(capfd, videos):
    given = ["analyze", str(videos / "a.mp4"), "--address", "auto"]
    assert main(given) == 2
    assert "--address auto: only valid with --engine ray" in capfd.readouterr().err


@pytest.mark.slow
def test_ray_writes_the_same_bytes(videos, expected, tmp_path, capfd):
    given = ["analyze", str(videos), "-o", str(tmp_path / "out"), "--quiet"]
    assert main([*given, "--engine", "ray", "--workers", "2"]) == 1
    assert "c.mp4: not a video" in capfd.readouterr().err
    assert contents(tmp_path / "out") == expected
    assert not importlib.import_module("ray").is_initialized()


def start(videos, out, *more):
    command = [sys.executable, "-m", "wildaffect", "analyze", str(videos), "-o", str(out)]
    return subprocess.Popen(
        [*command, "--workers", "2", "--json", "--quiet", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def worker_that_writes(path, child):
    """Wait for the part of a result, and return the process that has it open."""
    until = time.monotonic() + 120
    while time.monotonic() < until and child.poll() is None:
        for process in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                is_open = process.readlink() == path
            except OSError:
                continue
            if is_open:
                return int(process.parts[2])
        time.sleep(0.05)
    raise AssertionError(f"no process writes {path}")


@pytest.mark.slow
@pytest.mark.e2e
def test_a_worker_that_is_killed_costs_its_video_alone(videos, expected, tmp_path):
    out = tmp_path / "out"
    child = start(videos, out)
    os.kill(worker_that_writes(out / "b.csv.part", child), signal.SIGKILL)
    printed, err = child.communicate(timeout=120)
    assert child.returncode == 1
    files = json.loads(printed)["files"]
    errors = {entry["source"].rpartition("/")[2]: entry["error"] for entry in files}
    assert (errors["a.mp4"], errors["d.mp4"]) == (None, None)
    assert (
        "b.mp4: worker must live until the video ends, got one that was ended by "
        in (errors["b.mp4"])
    )
    assert errors["b.mp4"] in err
    list(wildaffect.analyze_files(videos, out, resume=True))
    assert contents(out) == expected


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.usefixtures("takes_interrupts")
@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_command_that_is_stopped_leaves_no_worker_and_resumes(
    videos, expected, tmp_path, sent, status
):
    out = tmp_path / "out"
    child = start(videos, out)
    worker = worker_that_writes(out / "b.csv.part", child)
    child.send_signal(sent)
    _, err = child.communicate(timeout=60)
    assert child.returncode == status
    assert sent == signal.SIGKILL or err.splitlines()[-1] == "wildaffect: stopped"
    until = time.monotonic() + 5
    while is_alive(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(worker)
    again = start(videos, out, "--resume")
    assert again.wait(timeout=120) == 1
    again.communicate()
    assert contents(out) == expected


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_list_of_videos_gives_results_and_sources_their_ids(videos, tmp_path, capfd):
    listed = tmp_path / "list.csv"
    listed.write_text(
        "path,id,start,stop\n"
        f"{videos}/d.mp4,S01/rest,,\n"
        f"{videos}/d.mp4,S01/task,0.08,0.2\n"
        f"{videos}/none.mp4,S02/rest,,\n"
    )
    out = tmp_path / "out"
    given = ["analyze", str(listed), "-o", str(out), "--json"]
    assert main(given) == 1
    files = json.loads(capfd.readouterr().out)["files"]
    assert [entry["label"] for entry in files] == ["S01/rest", "S01/task", "S02/rest"]
    assert "none.mp4: no such file" in files[2]["error"]
    rest = wildaffect.read_table(out / "S01/rest.csv")
    task = wildaffect.read_table(out / "S01/task.csv")
    assert (rest.num_rows, task["frame"].to_pylist()) == (6, [2, 3, 4])
    assert set(task["source"].to_pylist()) == {"S01/task"}
    assert main([*given, "--resume"]) == 1
    files = json.loads(capfd.readouterr().out)["files"]
    assert [entry["was_finished"] for entry in files] == [True, True, False]


def test_a_data_set_is_read_at_once_and_resumes(videos, expected, tmp_path, capfd):
    out = tmp_path / "out"
    given = ["analyze", str(videos), "-o", str(out), "--format", "dataset", "--json"]
    assert main([*given, "--workers", "2"]) == 1
    rows = pd.read_parquet(out)
    assert dict(rows.groupby("video", observed=True).size()) == {"a": 8, "b": 250, "d": 6}
    assert (out / "video=b/_b.events.csv").read_bytes() == expected["b.events.csv"]
    before = contents(out)
    capfd.readouterr()
    assert main([*given, "--resume"]) == 1
    files = json.loads(capfd.readouterr().out)["files"]
    assert [entry["was_finished"] for entry in files] == [True, True, False, True]
    assert contents(out) == before
    assert main([*given[:3], str(tmp_path / "x.parquet"), *given[4:]]) == 2
    assert "output must be a folder for the format dataset" in capfd.readouterr().err
