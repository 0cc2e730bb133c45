from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.errors import TruncatedVideo
from wildaffect.core.faces import Status
from wildaffect.faces.crop import align_face, five_points
from wildaffect.faces.quality import QualityLimits
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import load_artifact


@pytest.fixture(scope="module")
def baseline():
    return Analyzer(load_artifact())


def test_frames_without_a_face_are_rows_in_their_place(baseline, make_frames):
    frames = make_frames(12)
    blank = [replace(f, rgb=np.zeros_like(f.rgb)) for f in make_frames(30)]
    black = [replace(f, index=12 + i, time_s=(12 + i) / 25) for i, f in enumerate(blank)]
    rows = list(baseline.run(frames + black))
    assert [row.frame_index for row in rows] == list(range(42))
    assert [row.status for row in rows[:12]] == [Status.OK] * 12
    assert [row.status for row in rows[12:]] == [Status.NO_FACE] * 30


def test_no_frames_give_no_rows(baseline):
    assert list(baseline.run([])) == []


def test_what_came_before_an_error_is_yielded_first(baseline, make_frames):
    def breaking():
        yield from make_frames(8)
        raise TruncatedVideo("clip", 8, "gone")

    rows = []
    with pytest.raises(TruncatedVideo, match="frame 8: gone"):
        rows.extend(baseline.run(breaking()))
    assert [row.frame_index for row in rows] == list(range(8))


def test_leaving_early_closes_the_frames(baseline, make_frames):
    closed = []

    def frames():
        try:
            yield from make_frames(60)
        finally:
            closed.append(True)

    run = baseline.run(frames())
    next(run)
    run.close()
    assert closed == [True]


def test_a_face_of_low_quality_keeps_its_row_and_is_not_scored(make_frames):
    strict = AnalysisOptions(quality=QualityLimits(min_size_px=5000))
    rows = list(Analyzer(load_artifact(), strict).run(make_frames(8)))
    assert {row.status for row in rows} == {Status.LOW_QUALITY}
    assert all(row.affect is None and row.face is not None for row in rows)


def test_features_are_kept_on_request_raw_and_against_the_neutral(make_frames):
    analyzer = Analyzer(load_artifact(), AnalysisOptions(keep_features=True))
    for row in analyzer.run(make_frames(6)):
        assert {"geometry", "geometry_change", "blendshapes_change"} <= set(row.features)
        np.testing.assert_array_equal(row.features["blendshapes"], row.face.blendshapes)


def test_a_backbone_sees_the_aligned_crop_of_its_own_frame(with_backbone, make_frames):
    frames = make_frames(12)
    tinted = [replace(f, rgb=f.rgb // np.uint8([1 + f.index % 2, 1, 1])) for f in frames]
    artifact = load_artifact(with_backbone)
    preprocess = artifact.manifest.inputs[0].preprocess
    analyzer = Analyzer(artifact, AnalysisOptions(keep_features=True))
    rows = list(analyzer.run(tinted))
    assert len(rows) == 12
    for row in rows:
        points = five_points(row.face.landmarks_xyz)
        crop = align_face(tinted[row.frame_index].rgb, points, preprocess)
        red = crop[..., 0].mean() / 255
        assert row.affect.valence == pytest.approx(red, abs=1e-4)
        assert row.features["color"][0] == pytest.approx(red, abs=1e-4)
        assert row.face.crops == ()  # rows are held for long
    even, odd = ([row.affect.valence for row in rows[start::2]] for start in (0, 1))
    assert min(even) > 1.5 * max(odd)


def test_an_ensemble_fills_the_spread_columns(toy, constant, make_frames):
    folder = toy(constant(3, valence=0.2), constant(3, valence=0.6))
    for row in Analyzer(load_artifact(folder)).run(make_frames(6)):
        assert row.affect.valence == pytest.approx(0.4)
        assert row.affect.valence_sd == pytest.approx(0.2)
        assert row.affect.arousal_sd == pytest.approx(0.0, abs=1e-6)


def test_a_window_averages_over_its_rows_by_their_number(averaging, make_frames):
    rows = list(Analyzer(load_artifact(averaging)).run(make_frames(10)))
    yaw_deg = np.mean([row.face.pose.yaw_deg for row in rows])
    predicted = [row.affect.valence for row in rows]
    assert predicted == pytest.approx([np.clip(yaw_deg, -1, 1)] * 10, abs=1e-4)
