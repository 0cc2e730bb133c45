import json
import re
import signal
import time

import av
import cv2
import pytest

from wildaffect.events.finder import find_events
from wildaffect.outputs.claim import part_path
from wildaffect.outputs.events_file import EVENTS_SUFFIX, read_events
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table, recover

pytestmark = pytest.mark.e2e


def count_frames(path):
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


def column(path, name):
    return read_table(path)[name].to_pylist()


def test_the_installed_command_writes_table_sidecar_and_overlay(clip, tmp_path, in_child):
    child = in_child("analyze", clip, "-o", tmp_path, "--overlay")
    out, err = child.communicate()
    assert child.returncode == 0
    assert re.fullmatch(r"(.+ \d+/\d+\n)*", err)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "face.csv",
        "face.csv.json",
        "face.events.csv",
        "face.events.csv.json",
        "face.overlay.mp4",
    ]
    assert f"wrote {tmp_path / 'face.csv'}" in out
    assert "1 file, 20 frames (0.8 s), 20 faces, 1 track" in out.splitlines()[-1]
    table = read_table(tmp_path / "face.csv")
    assert table["frame"].to_pylist() == list(range(20))
    assert table["time_s"].to_pylist() == pytest.approx([i / 25 for i in range(20)])
    assert set(table["status"].to_pylist()) == {"ok"}
    assert set(table["track_id"].to_pylist()) == {0}
    assert set(table["source"].to_pylist()) == {clip.name}
    assert read_events(tmp_path / "face.events.csv") == find_events(table)
    assert count_frames(tmp_path / "face.overlay.mp4") == count_frames(clip) == 20
    sidecar = read_sidecar(tmp_path / "face.csv")
    assert sidecar["complete"]
    assert sidecar["num_rows"] == 20
    assert sidecar["source"]["name"] == str(clip)
    assert sidecar["artifact"]["name"] == "default"


def test_a_part_of_a_video_keeps_its_frame_numbers_and_times(clip, tmp_path, analyze):
    options = ["--start", 0.2, "--stop", 0.6, "--every", 3]
    assert analyze(clip, "-o", tmp_path, "--overlay", *options).status == 0
    assert column(tmp_path / "face.csv", "frame") == [6, 9, 12]
    times = column(tmp_path / "face.csv", "time_s")
    assert times == pytest.approx([6 / 25, 9 / 25, 12 / 25])
    assert count_frames(tmp_path / "face.overlay.mp4") == 3


def test_frames_further_apart_than_a_second_still_have_their_face(
    portrait_views, save_clip, tmp_path, analyze
):
    long = save_clip(tmp_path / "long.mp4", portrait_views(61))
    assert analyze(long, "-o", tmp_path / "x.csv", "--every", 30).status == 0
    assert column(tmp_path / "x.csv", "frame") == [0, 30, 60]
    assert column(tmp_path / "x.csv", "track_id") == [0, 0, 0]


@pytest.mark.slow
def test_the_table_takes_the_name_and_format_that_were_given(clip, tmp_path, analyze):
    tables = {}
    for name in ("a.csv", "b.parquet", "deep/er/c.JSONL"):
        assert analyze(clip, "-o", tmp_path / name, "--stop", 0.4, "--quiet").status == 0
        tables[name] = read_table(tmp_path / name)
    assert tables["a.csv"].equals(tables["b.parquet"])
    assert tables["a.csv"].equals(tables["deep/er/c.JSONL"])
    assert analyze(clip, "-o", tmp_path, "--format", "parquet", "--stop", 0.4).status == 0
    assert read_table(tmp_path / "face.parquet").equals(tables["b.parquet"])


def test_quiet_prints_the_last_line_alone_and_json_one_document(clip, tmp_path, analyze):
    quiet = analyze(clip, "-o", tmp_path, "--stop", 0.2, "--quiet")
    assert len(quiet.out.splitlines()) == 1
    assert quiet.err == ""
    output = json.loads(analyze(clip, "-o", tmp_path, "--stop", 0.2, "--json").out)
    (file,) = output["files"]
    assert output["num_errors"] == 0
    assert file["result"] == str(tmp_path / "face.csv")
    assert file["summary"]["num_frames"] == 5
    assert [track["track_id"] for track in file["tracks"]] == [0]


@pytest.mark.slow
def test_a_folder_gives_one_result_per_video_and_per_set_of_pictures(
    clip, portrait_path, tmp_path, analyze
):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "stills").mkdir(parents=True)
    for name in ("one.mp4", "two.mp4", "two.mov"):
        (folder / name).write_bytes(clip.read_bytes())
    for name in ("a.jpg", "b.jpg"):
        (folder / "stills" / name).write_bytes(portrait_path.read_bytes())
    (folder / "notes.txt").write_text("no video")
    done = analyze(folder, "-o", out, "--stop", 1.5, "--every", 5, "--overlay")
    assert done.status == 0
    assert "4 files" in done.out.splitlines()[-1]
    names = {path.name for path in out.glob("*.csv")}
    tables = sorted(names - {path.name for path in out.glob(f"*{EVENTS_SUFFIX}")})
    assert len(names) == len(tables) + 3  # photographs have no events
    assert tables == ["one.csv", "stills.csv", "two.mov.csv", "two.mp4.csv"]
    assert column(out / "one.csv", "valence") == column(out / "two.mov.csv", "valence")
    assert column(out / "stills.csv", "image") == ["a.jpg"]
    assert (out / "stills.overlay").is_dir() or (out / "stills.overlay.png").is_file()


@pytest.mark.slow
def test_pictures_that_differ_in_suffix_alone_get_overlays_of_their_own(
    portrait_path, portrait_views, tmp_path, analyze, save_clip
):
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("a.png", "a.bmp", "b.png"):
        cv2.imwrite(str(folder / name), portrait_views(1)[0][..., ::-1])
    assert analyze(folder, "-o", tmp_path / "out", "--overlay").status == 0
    names = sorted(path.name for path in (tmp_path / "out/set.overlay").iterdir())
    assert names == ["a.bmp.png", "a.png.png", "b.png"]


def test_the_working_folder_may_be_the_input(
    portrait_views, tmp_path, monkeypatch, analyze
):
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), portrait_views(1)[0][..., ::-1])
    monkeypatch.chdir(folder)
    assert analyze(".", "-o", "../out").status == 0
    assert column(tmp_path / "out/photos.csv", "status") == ["ok"]


@pytest.mark.slow
def test_resume_skips_what_is_whole_and_redoes_what_changed(
    clip, portrait_views, save_clip, tmp_path, analyze
):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("kept", "edited", "cut"):
        (folder / f"{name}.mp4").write_bytes(clip.read_bytes())

    def again(*options):
        output = analyze(folder, "-o", out, "--resume", "--json", "--stop", 0.3, *options)
        files = json.loads(output.out)["files"]
        return {file["source"].split("/")[-1][:-4]: file["was_finished"] for file in files}

    assert again() == {"cut": False, "edited": False, "kept": False}
    assert again() == {"cut": True, "edited": True, "kept": True}
    save_clip(folder / "edited.mp4", portrait_views(8))
    (out / "cut.csv").write_bytes((out / "cut.csv").read_bytes()[:-7])
    assert again() == {"cut": False, "edited": False, "kept": True}
    assert again("--every", 2, "--overlay") == {
        "cut": False,
        "edited": False,
        "kept": False,
    }
    (out / "kept.overlay.mp4").unlink()
    assert again("--every", 2, "--overlay") == {"cut": True, "edited": True, "kept": False}


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_its_rows_and_resume_completes_it(
    portrait_views, save_clip, tmp_path, in_child, analyze
):
    long = save_clip(tmp_path / "long.mp4", portrait_views(40) * 60)
    out = tmp_path / "out"
    child = in_child("analyze", long, "-o", out, "--quiet")
    part = part_path(out / "long.csv")
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if part.exists() and part.stat().st_size > 20_000:
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert sorted(path.name for path in out.iterdir()) == [part.name, part.name + ".json"]
    rows = read_table(part).num_rows
    assert 0 < rows < 2400
    assert column(part, "frame") == sorted(column(part, "frame"))
    assert analyze(long, "-o", out, "--resume", "--quiet", "--stop", 1).status == 0
    assert column(out / "long.csv", "frame") == list(range(25))
    assert not part.exists()


def test_the_rows_of_a_killed_run_become_a_result_on_request(clip, tmp_path, analyze):
    assert analyze(clip, "-o", tmp_path, "--stop", 0.2).status == 0
    whole = (tmp_path / "face.csv").read_bytes()
    part = tmp_path / "killed.csv.part"
    part.write_bytes(whole[:-20])
    assert column(recover(part), "frame") == [0, 1, 2, 3]
