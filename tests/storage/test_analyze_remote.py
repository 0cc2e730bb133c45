"""Videos and results in remote storage give the bytes of local ones."""

import json
import tempfile
from pathlib import Path

import cv2
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.demo.clip import PORTRAIT
from wildaffect.video.write import VideoWriter


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two short clips in a folder each, a file that is no video, and a text."""
    root = tmp_path_factory.mktemp("remote") / "videos"
    image = cv2.imread(str(PORTRAIT))[60:240, 110:350, ::-1].copy()
    for name, num_frames in (("S01/a.mp4", 6), ("S02/b.mp4", 9)):
        (root / name).parent.mkdir(parents=True)
        with VideoWriter(root / name, width=240, height=180, fps_hint=25) as video:
            for number in range(num_frames):
                video.write(image, number / 25)
    (root / "broken.mp4").write_bytes(b"no video")
    (root / "notes.txt").write_text("")
    return root


@pytest.fixture(scope="module")
def expected(videos):
    """Tables and events that are written on this machine."""
    out = videos.parent / "local"
    list(wildaffect.analyze_files(videos, out))
    return {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.csv")
    }


def stages():
    return list(Path(tempfile.gettempdir()).glob("wildaffect-stage-*"))


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield
    assert stages() == []


def csv_of(files, folder):
    return {
        path.rpartition(f"{folder}/")[2]: files.cat_file(path)
        for path in files.find(folder)
        if path.endswith(".csv")
    }


def reports(capfd):
    files = json.loads(capfd.readouterr().out)["files"]
    return {entry["source"].rpartition("/")[2]: entry for entry in files}


def test_a_round_trip_through_s3_has_the_bytes_of_local_files(
    s3, videos, expected, tmp_path, capfd
):
    s3.put(str(videos), "lab/videos", recursive=True)
    given = ["analyze", "s3://lab/videos", "-o", "s3://lab/results", "--json", "--quiet"]
    assert main([*given, "--overlay"]) == 1
    found = reports(capfd)
    assert csv_of(s3, "lab/results") == expected
    assert set(expected) >= {"S01/a.csv", "S02/b.csv", "S01/a.events.csv"}
    assert found["a.mp4"]["source"] == "s3://lab/videos/S01/a.mp4"
    assert found["a.mp4"]["uploaded"][-1] == "s3://lab/results/S01/a.csv.json"
    assert "s3://lab/results/S01/a.overlay.mp4" in found["a.mp4"]["uploaded"]
    assert found["broken.mp4"]["error"] == (
        "s3://lab/videos/broken.mp4: not a video, or damaged beyond reading; "
        "check that it plays"
    )
    sidecar = json.loads(s3.cat_file("lab/results/S01/a.csv.json"))
    assert sidecar["source"]["path"] == ["s3://lab/videos/S01/a.mp4"]
    assert sidecar["source"]["name"] == "s3://lab/videos/S01/a.mp4"
    assert not [path for path in s3.find("lab/results") if "part" in path]


def test_what_is_complete_is_not_fetched_again_until_it_changes(
    s3, videos, expected, tmp_path, capfd
):
    s3.put_file(str(videos / "S01/a.mp4"), "lab/in/a.mp4")
    given = ["analyze", "s3://lab/in", "-o", "s3://lab/out", "--json", "--resume"]
    assert main(given) == 0
    assert not reports(capfd)["a.mp4"]["was_finished"]
    before = s3.info("lab/out/a.csv")["LastModified"]
    assert main(given) == 0
    assert reports(capfd)["a.mp4"]["was_finished"]
    assert s3.info("lab/out/a.csv")["LastModified"] == before
    assert main([*given, "--every", "2"]) == 0  # other options
    assert not reports(capfd)["a.mp4"]["was_finished"]
    s3.put_file(str(videos / "S02/b.mp4"), "lab/in/a.mp4")  # another version
    assert main(given) == 0
    assert not reports(capfd)["a.mp4"]["was_finished"]
    s3.pipe_file("lab/out/a.csv", b"cut")  # somebody edited the table
    assert main(given) == 0
    assert not reports(capfd)["a.mp4"]["was_finished"]
    assert s3.cat_file("lab/out/a.csv").count(b"\n") == 10


def test_remote_videos_to_local_tables_and_back(s3, videos, expected, tmp_path, capfd):
    s3.put_file(str(videos / "S01/a.mp4"), "lab/a.mp4")
    listed = tmp_path / "list.csv"
    listed.write_text(f"path,id\ns3://lab/a.mp4,S01/a\n{videos}/S02/b.mp4,S02/b\n")
    given = ["analyze", str(listed), "-o", str(tmp_path / "out"), "--json", "--resume"]
    assert main(given) == 0
    rows = wildaffect.read_table(tmp_path / "out/S01/a.csv").drop_columns(["source"])
    local = wildaffect.read_table(videos.parent / "local/S01/a.csv")
    assert rows.equals(local.drop_columns(["source"]))
    capfd.readouterr()
    assert main(given) == 0
    assert [each["was_finished"] for each in reports(capfd).values()] == [True, True]
    local = ["analyze", str(videos / "S01"), "-o", "s3://lab/up", "--json", "--resume"]
    assert main(local) == 0
    assert s3.cat_file("lab/up/a.csv") == expected["S01/a.csv"].replace(b"S01/a", b"a")
    capfd.readouterr()
    assert main(local) == 0
    assert reports(capfd)["a.mp4"]["was_finished"]


def test_a_remote_folder_of_this_process_is_a_data_set(memory, videos):
    memory.put_file(str(videos / "S01/a.mp4"), "/in/a.mp4")
    (report,) = wildaffect.analyze_files(
        "memory://in/a.mp4", "memory://out", format="dataset"
    )
    assert report.error is None
    assert sorted(memory.find("/out")) == [
        "/out/video=a/_a.events.csv",
        "/out/video=a/_a.events.csv.json",
        "/out/video=a/_a.parquet.json",
        "/out/video=a/a.parquet",
    ]


def test_results_of_other_videos_are_kept(memory, videos, tmp_path):
    for folder in ("x", "y"):
        memory.put_file(str(videos / "S01/a.mp4"), f"/{folder}/a.mp4")
        (report,) = wildaffect.analyze_files(f"memory://{folder}/a.mp4", "memory://out")
        assert report.error is None
    assert {"/out/a.csv", "/out/y_a.mp4.csv"} < set(memory.find("/out"))
    listed = tmp_path / "list.csv"
    listed.write_text("path,id\nmemory://y/a.mp4,a\n")
    (report,) = wildaffect.analyze_files(listed, "memory://out")
    assert "memory://out/a.csv: the result of another input exists" in report.error


def test_what_cannot_be_found_or_named_is_told(s3, capfd):
    assert main(["analyze", "s3://nowhere/a.mp4", "-o", "s3://lab/out"]) == 1
    err = capfd.readouterr().err
    assert err == "wildaffect: s3://nowhere/a.mp4: no such file, folder or bucket\n"
    assert main(["analyze", "s3://lab/a.mp4", "-o", "s3://lab/x.csv"]) != 0


def test_an_upload_that_fails_is_the_error_of_its_video(s3, videos):
    (report,) = wildaffect.analyze_files(videos / "S01", "s3://nowhere/out")
    assert report.error.startswith("s3://nowhere/out/")
    assert report.error.endswith("no such file, folder or bucket")
