"""A job from the upload to its results, as a client sees it."""

import json
import shutil
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

import wildaffect
from wildaffect.serving.client import ServiceRefused
from wildaffect.serving.feed import MAX_READ_BYTES


@pytest.fixture(scope="module")
def done(service, clip):
    """Return a job that has ended, with its rows as they came."""
    job = service.client.analyze(clip, overlay=True)
    rows = [row for part in job.rows() for row in part]
    return job, rows


def test_rows_and_tables_are_those_of_analyze(done, clip, tmp_path):
    job, rows = done
    for kind in ("jsonl", "csv"):
        found = job.download(kind, tmp_path / f"found.{kind}")
        (report,) = wildaffect.analyze_files(clip, tmp_path / f"own.{kind}")
        assert found.read_bytes() == report.result.read_bytes()
    lines = (tmp_path / "found.jsonl").read_text().splitlines()
    assert rows == [json.loads(line) for line in lines]
    assert [row["frame"] for row in rows] == list(range(12))
    table = pq.read_table(job.download("parquet", tmp_path / "found.parquet"))
    assert table["valence"].to_pylist() == pytest.approx([row["valence"] for row in rows])


def test_the_state_tells_what_was_done(done):
    job, _ = done
    view = job.refresh().view
    assert view["state"] == "done"
    assert view["progress"]["frames_done"] == view["summary"]["num_frames"]
    assert view["error"] is None
    assert view["attempts"] == 1
    assert view["summary"]["num_frames"] == 12
    assert view["expires_s"] == pytest.approx(view["finished_s"] + 3600)
    kinds = {"csv", "parquet", "jsonl", "events", "overlay", "report"}
    assert view["files"].keys() == kinds
    assert min(view["files"].values()) > 0


def test_pages_and_videos_are_shown_and_tables_are_saved(done, service):
    job, _ = done
    for kind, shown in (("report", "inline"), ("overlay", "inline"), ("csv", "attachment")):
        path = f"/api/jobs/{job.id}/files/{kind}"
        status, headers, body = service.request("GET", path)
        assert status == 200
        assert headers["content-disposition"].startswith(f"{shown}; filename=")
        assert "sandbox" in headers["content-security-policy"]
        assert str(service.data).encode() not in body
    part = service.request(
        "GET", f"/api/jobs/{job.id}/files/source", headers={"Range": "bytes=4-7"}
    )
    assert part[0] == 206
    assert part[2] == b"ftyp"


def test_a_reconnected_stream_continues_where_it_broke_off(done, service):
    job, rows = done
    path = f"/api/jobs/{job.id}/events"
    _, headers, text = service.request("GET", path)
    assert headers["content-type"].startswith("text/event-stream")
    size = job.view["files"]["jsonl"]
    assert size < MAX_READ_BYTES
    assert f"id: {size}\n".encode() in text
    lines = service.request("GET", f"/api/jobs/{job.id}/files/jsonl")[2].splitlines()
    first = len(lines[0]) + 1
    _, _, text = service.request("GET", path, headers={"Last-Event-ID": str(first)})
    block = next(b for b in text.decode().split("\n\n") if "event: rows" in b)
    data = json.loads(block.split("data: ")[1])
    assert data == rows[1:]
    _, _, text = service.request("GET", f"{path}?rows=false")
    assert b"event: rows" not in text
    assert b"event: end" in text


def test_a_photograph_is_a_job_too(service, tmp_path):
    photo = Path(wildaffect.__file__).parent / "demo" / "astronaut.jpg"
    job = service.client.analyze(photo).wait()
    rows = job.download("jsonl", tmp_path / "photo.jsonl").read_text().splitlines()
    assert json.loads(rows[0])["image"] == "astronaut.jpg"


def test_a_damaged_video_fails_in_one_sentence_without_paths(service, clip, tmp_path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:700])
    job = service.client.analyze(cut)
    with pytest.raises(ServiceRefused, match=r"^cut\.mp4: ") as refused:
        job.wait()
    assert refused.value.code == "failed"
    assert str(service.data) not in str(refused.value)
    assert job.view["files"] == {}
    path = f"/api/jobs/{job.id}/files/csv"
    assert service.error_of("GET", path) == (404, "no_file")


def test_a_local_file_is_read_where_it_is(service, clip):
    allowed = service.data.parent / "allowed"
    shutil.copy(clip, allowed / "local.mp4")
    job = service.client.analyze_local("local.mp4", stop_s=0.1).wait()
    assert job.view["summary"]["num_frames"] == 3
    job.delete()
    assert (allowed / "local.mp4").exists()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.mp4",
        "/etc/passwd",
        "link.mp4",
        "door/secret.mp4",
        "none.mp4",
        ".",
        "a\0b",
    ],
)
def test_no_path_leads_out_of_the_allowed_folder(service, path):
    allowed = service.data.parent / "allowed"
    for name, target in (("link.mp4", "../secret.mp4"), ("door", "..")):
        if not (allowed / name).is_symlink():
            (allowed / name).symlink_to(target)
    for given in (path, str(allowed / path) if path[0] != "/" else path):
        body = json.dumps({"path": given}).encode()
        headers = {"Content-Type": "application/json"}
        found = service.error_of("POST", "/api/jobs/local", body, headers)
        assert found == (404, "no_such_file")


def test_a_canceled_job_ends_and_a_deleted_one_leaves_nothing(service, clip):
    people = Path(wildaffect.__file__).parent / "demo" / "people.mp4"
    job = service.client.analyze(people)
    behind = service.client.analyze(clip)
    while job.refresh().view["progress"]["frames_done"] < 10:
        time.sleep(0.05)
    path = f"/api/jobs/{job.id}/files/csv"
    assert service.error_of("GET", path) == (409, "not_done")
    assert behind.cancel().state == "canceled"
    job.cancel()
    while job.refresh().state == "running":
        time.sleep(0.05)
    assert job.state == "canceled"
    assert set(job.view["files"]) <= {"jsonl"}
    for each in (job, behind):
        each.delete()
        assert service.error_of("GET", f"/api/jobs/{each.id}") == (404, "no_such_job")
        assert not [name for name in service.files() if each.id in name]


def test_a_stream_ends_when_its_job_is_deleted(service, clip):
    job = service.client.analyze(clip)
    answer = job.client._request("GET", f"/api/jobs/{job.id}/events")
    with closing(answer):
        job.delete()
        name, place, data = answer.read().decode().rstrip().splitlines()[-3:]
    assert name == "event: end"
    assert place.startswith("id: ")
    end = json.loads(data.removeprefix("data: "))
    assert not end or end["error"]["code"] == "no_such_job"  # canceled, then deleted


def test_a_long_name_of_any_script_is_taken_and_cut(service, clip, tmp_path):
    long = clip.read_bytes()
    name = quote("映像" * 120 + ".mp4")
    status, _, body = service.request("POST", f"/api/jobs?stop_s=0.1&name={name}", long)
    assert status == 202
    job = service.client.job(json.loads(body)["id"]).wait()
    assert job.view["name"] == "映像" * 26 + "映.mp4"
    assert job.view["files"].keys() >= {"csv", "parquet", "jsonl", "report"}
