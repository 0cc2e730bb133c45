"""The folder of a service: what is not its own is neither deleted nor changed."""

import json
import stat
from pathlib import Path

import pytest

from wildaffect.core.errors import OutputError
from wildaffect.serving.records import JobOptions, JobRecord, Kind, State
from wildaffect.serving.store import JobStore

ID = "abcdefghijklmnopqrstuvw-"
"""An id has 18 random bytes, which are 24 characters."""


def new_job(store: JobStore) -> JobRecord:
    """Store a job with an upload of one byte."""
    with store.new_folder() as folder:
        source = folder / "input" / "clip.mp4"
        source.write_bytes(b"x")
        record = JobRecord(
            id=folder.name,
            name="clip.mp4",
            state=State.QUEUED,
            options=JobOptions(every=3),
            created_s=1.0,
            source=source,
            is_upload=True,
        )
        store.save(record)
    return record


@pytest.fixture
def store(tmp_path):
    found = JobStore(tmp_path / "data")
    yield found
    found.close()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("inside", ["jobs/experiment7/rows.csv", "jobs/x", "thesis.txt"])
def test_a_folder_of_somebody_else_is_refused_and_not_touched(tmp_path, inside):
    project = tmp_path / "proj"
    (project / inside).parent.mkdir(parents=True)
    (project / inside).write_text("years of work")
    top = (project / inside).parent
    top.chmod(0o755)
    before = files(project)
    with pytest.raises(
        OutputError, match=r"proj: must be a new or empty folder, or one of"
    ):
        JobStore(project)
    assert files(project) == before
    assert stat.S_IMODE(top.stat().st_mode) == 0o755


def test_an_empty_folder_is_taken_and_its_jobs_are_private(tmp_path):
    JobStore(tmp_path).close()
    JobStore(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "jobs").stat().st_mode) == 0o700


def test_only_cut_uploads_are_removed(store, tmp_path, capsys):
    record = new_job(store)
    store.close()
    jobs = tmp_path / "data" / "jobs"
    for name in (f"{ID}/input/clip.mp4", f"{ID[::-1]}/input/a", f"{ID[::-1]}/notes.txt"):
        (jobs / name).parent.mkdir(parents=True, exist_ok=True)
        (jobs / name).write_text("x")
    for name in ("experiment7/rows.csv", f"{'z' * 24}/input/deep/x"):
        (jobs / name).parent.mkdir(parents=True)
        (jobs / name).write_text("x")
    again = JobStore(tmp_path / "data")
    again.close()
    names = {path.name for path in jobs.iterdir()}
    assert names == {record.id, ID[::-1], "experiment7", "z" * 24}
    assert again.all() == [record]
    (line,) = capsys.readouterr().err.splitlines()
    assert "3 entries are not jobs that this version knows" in line


def test_a_job_of_another_version_is_kept(store, tmp_path, capsys):
    newer, strange, moved = new_job(store), new_job(store), new_job(store)
    store.close()
    jobs = tmp_path / "data" / "jobs"
    path = jobs / newer.id / "job.json"
    document = json.loads(path.read_text())
    document["options"]["sharpen"] = True
    path.write_text(json.dumps(document | {"priority": 7}))
    (jobs / strange.id / "job.json").write_text('{"format": 2}')
    (jobs / moved.id).rename(jobs / "copy")
    before = files(jobs)
    again = JobStore(tmp_path / "data")
    again.close()
    assert again.all() == [newer]
    assert files(jobs) == before
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ({"a.jsonl": "1\n2\n", "a.csv.part": "1", "a.overlay.mp4": "x"}, "1\n2\n"),
        ({"a.jsonl.part": "1\n2\nhal", "a.csv.part": "1"}, "1\n2\n"),
        ({"a.jsonl.part": "", "a.csv": "1"}, None),
        ({}, None),
    ],
)
def test_rows_are_kept_whenever_a_job_is_stopped(store, found, kept):
    record = new_job(store)
    folder = store.empty_results(record.id)
    for name, text in found.items():
        (folder / name).write_text(text)
    names = store.keep_partial(record.id)
    assert names == ({Kind.JSONL: "a.jsonl"} if kept else {})
    if kept:
        assert files(folder) == ["a.jsonl"]
        assert (folder / "a.jsonl").read_text() == kept
