"""`--neutral`: pictures, spans and none, on the vendored portrait."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.analysis.neutral import choose_neutral
from wildaffect.analysis.options import build_analyzer
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.features.geometry import GEOMETRY_NAMES
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.video.write import VideoWriter

PORTRAIT = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
CHANGES = [f"geometry_change_{name}" for name in GEOMETRY_NAMES]
FPS = 25


def view(index, zoom=0.9, size=(240, 180)):
    rgb = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    camera = cv2.getRotationMatrix2D((226, 122), 4 * np.sin(index / 5), zoom)
    camera[:, 2] += np.array(size) / 2 - (226, 122)
    return cv2.warpAffine(rgb, camera, size, borderMode=cv2.BORDER_REFLECT_101)


def write_clip(path, images):
    with VideoWriter(path, width=images[0].shape[1], height=180, fps_hint=FPS) as video:
        for i, image in enumerate(images):
            video.write(image, i / FPS)
    return path


@pytest.fixture(scope="module")
def one_person(tmp_path_factory):
    """Twenty frames, the first five of them black."""
    images = [view(i) for i in range(20)]
    images[:5] = [np.zeros_like(images[0])] * 5
    return write_clip(tmp_path_factory.mktemp("one") / "one.mp4", images)


@pytest.fixture(scope="module")
def two_people(tmp_path_factory):
    """Two faces side by side; after a cut another one alone."""
    both = [np.hstack([view(i), view(i + 3, 0.7)]) for i in range(20)]
    alone = [np.hstack([np.full_like(view(0), 90), view(i, 1.2)]) for i in range(10)]
    return write_clip(tmp_path_factory.mktemp("two") / "two.mp4", both + alone)


@pytest.fixture(scope="module")
def black(tmp_path_factory):
    path = tmp_path_factory.mktemp("black") / "black.png"
    cv2.imwrite(str(path), np.zeros((180, 240, 3), np.uint8))
    return path


@pytest.fixture(scope="module")
def analyzer():
    return build_analyzer("default")


def rows_of(source, neutral, **options):
    result = wildaffect.analyze(
        source, model="default", neutral=neutral, measurements=True, **options
    )
    return [row for row in result.table.to_pylist() if row["track_id"] is not None]


def median_change(rows):
    return np.median([[row[name] for name in CHANGES] for row in rows], axis=0)


def test_a_picture_is_neutral_against_itself_from_the_first_row_on():
    (row,) = rows_of(PORTRAIT, PORTRAIT)
    assert row["neutral_known"] == 1.0
    np.testing.assert_allclose([row[name] for name in CHANGES], 0.0, atol=1e-6)
    changes = [row[name] for name in row if name.startswith("blendshapes_change_")]
    np.testing.assert_allclose(changes, 0.0, atol=1e-6)


def test_the_column_says_how_far_the_persons_own_neutral_is_known(one_person, analyzer):
    estimated = [row["neutral_known"] for row in rows_of(one_person, "auto")]
    assert all(0 <= value < 1 for value in estimated)
    assert {row["neutral_known"] for row in rows_of(one_person, "none")} == {0.0}
    rows = rows_of(one_person, "none")
    population = analyzer.artifact.manifest.neutral.population_geometry
    for row in rows:
        for name in GEOMETRY_NAMES:
            against = row[f"geometry_{name}"] - population[name]
            assert row[f"geometry_change_{name}"] == pytest.approx(against, abs=1e-4)


def test_a_span_makes_its_median_neutral_for_the_whole_video(one_person):
    rows = rows_of(one_person, "0.4-0.6")
    assert {row["neutral_known"] for row in rows} == {1.0}
    inside = [row for row in rows if 0.4 <= row["time_s"] < 0.6]
    assert len(inside) == 5
    np.testing.assert_allclose(median_change(inside), 0.0, atol=1e-4)
    assert np.abs(median_change(rows)).max() > 0.001


def test_a_span_may_lie_outside_the_part_that_is_analyzed(one_person):
    rows = rows_of(one_person, "0.4-0.6", start_s=0.6)
    assert {row["neutral_known"] for row in rows} == {1.0}
    whole = {row["frame"]: row for row in rows_of(one_person, "0.4-0.6")}
    for row in rows[1:]:
        np.testing.assert_allclose(
            [row[name] for name in CHANGES],
            [whole[row["frame"]][name] for name in CHANGES],
            atol=0.5,
        )


def test_people_in_a_span_are_read_against_their_own_and_later_ones_are_estimated(
    two_people,
):
    rows = rows_of(two_people, "0.2-0.6")
    by_track = {}
    for row in rows:
        by_track.setdefault(row["track_id"], []).append(row)
    first, second, *later = by_track.values()
    for track in (first, second):
        assert {row["neutral_known"] for row in track} == {1.0}
        inside = [row for row in track if 0.2 <= row["time_s"] < 0.6]
        np.testing.assert_allclose(median_change(inside), 0.0, atol=1e-4)
    assert later
    assert all(row["neutral_known"] < 1 for track in later for row in track)


def test_several_people_outside_the_part_that_is_analyzed_are_refused(two_people):
    with pytest.raises(UsageError, match=r"2 people between 0 and 0\.4 s, outside"):
        rows_of(two_people, "0-0.4", start_s=0.6)


def test_a_span_without_a_face_is_named(one_person, tmp_path, capfd):
    options = ["--neutral", "0-0.16", "-o", str(tmp_path)]
    assert main(["analyze", str(one_person), *options]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "no usable face between 0 and 0.16 s" in line
    assert str(one_person) in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.jpg", r"--neutral nowhere\.jpg: no such file; give a picture or video"),
        ("8-3", "--neutral 8-3: the start must lie before the end"),
        ("nil", "--neutral nil: no such file"),
    ],
)
def test_what_is_no_choice_is_refused(analyzer, given, message):
    with pytest.raises(UsageError, match=message):
        choose_neutral(given, analyzer)


def test_a_picture_without_a_usable_face_is_named(analyzer, black, tmp_path):
    with pytest.raises(UsageError, match=r"black\.png: no face; give"):
        choose_neutral(black, analyzer)
    small = tmp_path / "small.png"
    cv2.imwrite(str(small), cv2.resize(cv2.imread(str(PORTRAIT)), None, fx=0.25, fy=0.25))
    with pytest.raises(UsageError, match="its face is too small, blurred"):
        choose_neutral(small, analyzer)


def test_the_largest_face_of_a_video_counts(analyzer, two_people):
    choice = choose_neutral(two_people, analyzer)
    neutral = choice.neutrals(analyzer, two_people, None).of_track(0)
    rows = [row for row in rows_of(two_people, "none") if row["time_s"] >= 0.8]
    measured = [f"geometry_{name}" for name in GEOMETRY_NAMES]
    expected = np.median([[row[name] for name in measured] for row in rows], axis=0)
    change = neutral.geometry_change(expected.astype(np.float32))
    np.testing.assert_allclose(change, 0.0, atol=1e-4)


def plain_frames():
    rgb = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    return [wildaffect.Frame(index=0, time_s=0.0, rgb=rgb, shot_start=True)]


@pytest.mark.parametrize("source", ["0", "rtsp://nowhere.invalid/x", str(PORTRAIT)])
def test_a_span_needs_a_video_that_can_be_read_twice(source, tmp_path, capfd):
    assert main(["analyze", source, "--neutral", "0-1", "-o", str(tmp_path)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "give a picture of the neutral face" in line


def test_a_stream_takes_a_picture_and_refuses_a_span():
    (row,) = wildaffect.stream(plain_frames(), model="default", neutral=PORTRAIT)
    assert row.neutral_known == 1.0
    with pytest.raises(UsageError, match="read twice"):
        next(wildaffect.stream(plain_frames(), model="default", neutral="0-1"))


def test_the_sidecar_says_what_the_neutral_is_and_several_people_are_reported(
    two_people, tmp_path, capfd
):
    out = tmp_path / "out.csv"
    options = ["-o", str(out), "--neutral", str(PORTRAIT)]
    assert main(["analyze", str(two_people), *options]) == 0
    predicted = read_sidecar(out)["options"]["neutral"]
    assert (predicted["policy"], predicted["source"]) == ("given", str(PORTRAIT))
    assert predicted["stamp"][0][0] == PORTRAIT.name
    assert "up to 2 people at once" in capfd.readouterr().err
    known = read_table(out)["neutral_known"].to_pylist()
    assert {value for value in known if value is not None} == {1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(["analyze", str(two_people), *options, "--resume"]) == 0
    assert "finished before" in capfd.readouterr().out
    assert main(["analyze", str(two_people), "-o", str(out), "--resume"]) == 0
    assert "wrote" in capfd.readouterr().out
    assert read_sidecar(out)["options"]["neutral"]["policy"] == "estimated"
