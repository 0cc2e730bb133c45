"""Many files to a table each, from Python."""

import shutil
import warnings

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.demo.clip import PORTRAIT


@pytest.fixture
def folder(tmp_path):
    """A portrait in a folder of its own, a broken video and a text file."""
    root = tmp_path / "in"
    (root / "photos").mkdir(parents=True)
    shutil.copyfile(PORTRAIT, root / "photos/portrait.jpg")
    (root / "broken.mp4").write_bytes(b"no video")
    (root / "notes.txt").write_text("")
    return root


def test_every_source_has_a_report_and_the_good_ones_a_table(folder, tmp_path):
    files = wildaffect.analyze_files(folder, tmp_path / "out", format="parquet")
    assert [path.path.name for path in files.skipped] == ["notes.txt"]
    reports = {report.source.rpartition("/")[2]: report for report in files}
    assert reports["photos"].result == tmp_path / "out/photos.parquet"
    assert reports["photos"].error is None
    assert reports["photos"].summary.num_faces == 1
    assert "broken.mp4" in reports["broken.mp4"].error
    assert wildaffect.read_table(reports["photos"].result).num_rows == 1


def test_the_rows_are_those_of_analyze_and_a_second_run_resumes(folder, tmp_path):
    photos = folder / "photos"
    (report,) = wildaffect.analyze_files(photos, tmp_path / "out.csv", landmarks=True)
    written = wildaffect.read_table(report.result).to_pylist()
    alone = wildaffect.analyze(photos, landmarks=True).to_arrow().to_pylist()
    assert [row["valence"] for row in written] == [row["valence"] for row in alone]
    options = {"landmarks": True, "resume": True}
    (again,) = wildaffect.analyze_files(photos, tmp_path / "out.csv", **options)
    assert again.was_finished


def test_progress_is_reported_per_source_and_frame(tmp_path):
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((40, 40, 3), np.uint8))
    seen = []
    files = wildaffect.analyze_files(
        [tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "out"
    )
    assert repr(files) == "FilesAnalysis(2 sources, 0 failed, 0 skipped)"
    list(files.run(lambda job, _info, num_frames: seen.append((job.name, num_frames))))
    assert seen == [(str(tmp_path / f"{name}.png"), 1) for name in "ab"]


def test_a_missing_file_is_a_report(tmp_path):
    (report,) = wildaffect.analyze_files(tmp_path / "nothing.mp4", tmp_path / "out")
    assert report.result is None
    assert repr(report) == f"FileReport({tmp_path}/nothing.mp4: {report.error})"


def test_wrong_input_is_refused_before_anything_is_analyzed(tmp_path):
    with pytest.raises(UsageError, match="output must be a folder for 2 inputs"):
        wildaffect.analyze_files(["a.mp4", "b.mp4"], tmp_path / "out.csv")
    with pytest.raises(UsageError, match=r"must end in"):
        wildaffect.analyze_files("a.mp4", tmp_path / "out", format="xlsx")


def test_the_warnings_of_the_caller_are_left_alone_between_reports(folder, tmp_path):
    before = list(warnings.filters)
    for _ in wildaffect.analyze_files(folder, tmp_path / "out"):
        assert list(warnings.filters) == before
    assert list(warnings.filters) == before
