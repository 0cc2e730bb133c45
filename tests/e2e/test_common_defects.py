"""Mistakes that tools of this kind are known for, each shown to be absent here."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.frames import Frame
from wildaffect.inference.artifact import load_artifact
from wildaffect.video.write import VideoWriter

pytestmark = pytest.mark.e2e


def table_of(images, **options):
    frames = [Frame(index=i, time_s=i / 25, rgb=rgb) for i, rgb in enumerate(images)]
    return list(wildaffect.stream(frames, live=False, **options))


def test_two_faces_of_one_frame_are_not_scored_on_the_same_crop(portrait_views):
    calm = portrait_views(8)
    other = [cv2.flip(cv2.resize(image[20:150, 40:200], (240, 180)), 1) for image in calm]
    rows = table_of([np.hstack(pair) for pair in zip(calm, other, strict=True)])
    swapped = table_of([np.hstack(pair) for pair in zip(other, calm, strict=True)])
    assert len(rows) == len(swapped) == 16
    for left, right in zip(rows[::2], rows[1::2], strict=True):
        assert left.face.box_xyxy[0] < right.face.box_xyxy[0]
        assert np.abs(left.face.blendshapes - right.face.blendshapes).max() > 0.02
        assert left.face.pose.yaw_deg * right.face.pose.yaw_deg < 0  # one is mirrored
    for row, original in zip(rows[::2], swapped[1::2], strict=True):
        np.testing.assert_allclose(
            row.face.blendshapes, original.face.blendshapes, atol=0.1
        )
        assert row.affect.valence == pytest.approx(original.affect.valence, abs=0.05)


def test_times_are_of_the_video_in_seconds_also_at_a_variable_rate(
    portrait_views, tmp_path
):
    times_s = [0.0, 0.04, 0.2, 0.24, 0.9, 1.0, 2.5, 2.54]
    path = tmp_path / "uneven.mp4"
    with VideoWriter(path, width=240, height=180) as video:
        for image, time_s in zip(portrait_views(8), times_s, strict=True):
            video.write(image, time_s)
    table = wildaffect.analyze(path).table
    assert table["time_s"].to_pylist() == pytest.approx(times_s, abs=1e-3)


def test_frames_without_a_face_are_rows_and_frames_with_two_have_two(portrait_views):
    one = portrait_views(10)
    blank = [np.zeros_like(image) for image in one]
    images = [np.hstack(pair) for pair in zip(one, blank, strict=True)]
    images += [np.hstack([image, image]) for image in one]
    images += [np.hstack([image, image]) for image in blank] * 3
    rows = table_of(images)
    counts = [sum(row.frame_index == i for row in rows) for i in range(50)]
    assert counts == [1] * 10 + [2] * 10 + [1] * 30
    assert [row.face is None for row in rows[-30:]] == [True] * 30


def test_every_value_has_a_named_column_with_a_unit(clip):
    result = wildaffect.analyze(clip, stop_s=0.2, landmarks=True, blendshapes=True)
    assert result.table.column_names == [column.name for column in result.schema.columns]
    assert all(column.unit and column.meaning for column in result.schema.columns)
    assert not any("list" in str(field.type) for field in result.table.schema)


def test_large_column_groups_and_identity_come_only_when_requested(clip):
    names = wildaffect.analyze(clip, stop_s=0.2).table.column_names
    labels = load_artifact().manifest.action_units.predicted
    of_units = {
        f"{label}{end}" for label in labels for end in ("", "_present", "_intensity")
    }
    sided = {name for name in names if name.endswith(("_left", "_right"))}
    assert of_units < set(names)
    assert len(set(names) - of_units - sided) < 48
    assert not [name for name in names if "identity" in name or "embedding" in name]


def test_unknown_arguments_are_errors(clip):
    with pytest.raises(TypeError, match="unexpected keyword argument 'save'"):
        wildaffect.analyze(clip, save="out.csv")


def test_the_chosen_device_is_passed_on_and_a_wrong_one_is_no_cpu_in_disguise(clip):
    device = wildaffect.Device(name="ABACUS")
    with pytest.raises(wildaffect.WildAffectError, match="got abacus"):
        wildaffect.analyze(clip, device=device)


def test_the_table_is_written_where_requested_with_full_precision(
    clip, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = wildaffect.analyze(clip, stop_s=0.2)
    path = result.write(tmp_path / "deep.csv")
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == [
        "deep.csv",
        "deep.csv.json",
    ]
    assert wildaffect.read_table(path).equals(result.table)


def test_what_is_not_predicted_is_empty_and_never_zero(clip):
    table = wildaffect.analyze(clip, stop_s=0.2, model="baseline-rules").table
    predicted = load_artifact("baseline-rules").manifest.action_units.predicted
    absent = [
        name
        for name in table.column_names
        if name[:2] == "AU" and name[:4] not in predicted
    ]
    assert absent
    for name in absent:
        assert table[name].null_count == len(table)


def test_a_broken_file_is_not_reported_as_a_missing_face(tmp_path, capsys):
    (tmp_path / "x.mp4").write_bytes(b"\0" * 4000)
    assert main(["analyze", str(tmp_path / "x.mp4"), "-o", str(tmp_path / "out")]) == 1
    assert "face" not in capsys.readouterr().err.replace(str(tmp_path), "")


@pytest.mark.slow
def test_importing_and_analyzing_write_and_fetch_nothing_in_the_working_folder(
    clip, tmp_path
):
    (tmp_path / "models.py").write_text("raise SystemExit('the wrong file was imported')")
    (tmp_path / "utils.py").write_text("raise SystemExit('the wrong file was imported')")
    code = f"import wildaffect; print(len(wildaffect.analyze({str(clip)!r}, stop_s=0.2)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("5\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models.py", "utils.py"]
