"""One source to its files."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from wildaffect.analysis.files import run_job
from wildaffect.analysis.job import FileJob
from wildaffect.analysis.options import (
    ColumnOptions,
    OverlayOptions,
    ReadOptions,
    build_analyzer,
)
from wildaffect.core.errors import UsageError
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table


def no_frame(info, frame):
    """Ignore progress."""


@pytest.fixture(scope="module")
def analyzer():
    return build_analyzer("baseline-rules")


@pytest.fixture
def job(tmp_path):
    """A photograph without a face."""
    picture = tmp_path / "gray.png"
    cv2.imwrite(str(picture), np.full((60, 80, 3), 128, np.uint8))
    return FileJob(
        source=picture,
        results=(tmp_path / "gray.csv",),
        read=ReadOptions(),
        columns=ColumnOptions(),
    )


def test_a_photograph_without_a_face_has_one_row(job, analyzer):
    report = run_job(job, analyzer, no_frame)
    assert (report.error, report.note, report.tracks) == (None, None, ())
    assert report.summary.num_frames == 1
    table = read_table(report.result)
    assert table["status"].to_pylist() == ["no_face"]
    assert table["image"].to_pylist() == ["gray.png"]
    assert read_sidecar(report.result)["source"]["path"] == [str(job.source)]


def test_every_frame_is_reported_to_the_callback(job, analyzer):
    seen = []
    run_job(job, analyzer, lambda info, frame: seen.append((info.width, frame.index)))
    assert seen == [(80, 0)]


def test_a_complete_result_of_the_same_options_is_kept(job, analyzer):
    first = run_job(job, analyzer, no_frame)
    again = replace(job, resume=True)
    assert run_job(again, analyzer, no_frame).was_finished
    more = replace(again, columns=ColumnOptions(landmarks=True))
    assert not run_job(more, analyzer, no_frame).was_finished
    assert "landmark" in " ".join(read_table(first.result).column_names)


def test_a_selection_behind_the_end_writes_nothing(job, analyzer):
    nothing = replace(job, read=ReadOptions(start_s=5.0))
    with pytest.raises(UsageError, match="start must not lie behind the last frame"):
        run_job(nothing, analyzer, no_frame)
    assert not job.results[0].exists()


def test_a_live_source_has_no_overlay(job, analyzer):
    live = replace(job, source=0, overlay=OverlayOptions(blur_faces=False))
    with pytest.raises(UsageError, match="must have a source that can be read twice"):
        run_job(live, analyzer, no_frame)
    assert (live.name, live.is_live) == ("camera 0", True)
