"""The official measures of the tracks on ambivalence or hesitancy and on mimicry.

Reference values are those of scikit-learn and scipy, and of hand calculation.
"""

import numpy as np
import pytest
from tests.support.abaw_tracks import EMI_HEADER, bah_video, write_bah, write_emi

import wildaffect
from wildaffect.core.errors import EvaluationError

TARGETS = [1, 1, 1, 0, 0, 0, 0, 1]
GUESSES = [1, 0, 1, 0, 0, 1, 0, 0]
NAMES = [
    f"{name.lower().replace(' ', '_')}_intensity" for name in EMI_HEADER.split(",")[1:]
]


def write_table(path, header, rows):
    lines = [",".join(map(str, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def bah(tmp_path):
    test = [[label, 0] for label in TARGETS]
    return write_bah(tmp_path / "bah", {"train": [[0]], "val": [[1]], "test": test})


def test_ambivalence_per_video_scores_by_the_mean_f1_of_presence_and_absence(bah, tmp_path):
    rows = [(bah_video(2 + i), guess) for i, guess in enumerate(GUESSES)]
    table = write_table(tmp_path / "mine.csv", ("video", "ambivalence_hesitancy"), rows)
    report = wildaffect.evaluate(
        bah, table, layout="bah-videos", split="test", num_resamples=20
    )
    assert report.protocol == "abaw-ah"
    # Presence: 2 right, 1 false alarm, 2 missed, 4/7; absence: 3, 2, 1, 2/3.
    assert report.overall.value == pytest.approx((4 / 7 + 2 / 3) / 2)
    assert report.values["action_units.mean_f1"] == pytest.approx(4 / 7)
    assert any("agreement" in note for note in report.notes)


def test_ambivalence_per_frame_scores_tables_of_frames(bah, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for i, guess in enumerate(GUESSES):
        rows = [(0, guess), (1, 0)]
        write_table(
            folder / f"{bah_video(2 + i)}.csv", ("frame", "ambivalence_hesitancy"), rows
        )
    report = wildaffect.evaluate(
        bah, folder, layout="bah-frames", split="test", num_resamples=20
    )
    # Eight more frames of absence, all right: 11, 2, 1.
    assert report.overall.value == pytest.approx((4 / 7 + 22 / 25) / 2)
    assert report.num_subjects == 8


@pytest.fixture
def emi(tmp_path):
    rng = np.random.default_rng(0)
    targets = rng.uniform(size=(9, 6)).round(3)
    rows = [(number, *row) for number, row in enumerate(targets.tolist())]
    return write_emi(tmp_path / "emi", {"train": rows, "val": rows}), targets


def test_mimicry_scores_by_the_mean_correlation(emi, tmp_path):
    stats = pytest.importorskip("scipy.stats")
    root, targets = emi
    guesses = (
        0.3 + 0.2 * targets + np.random.default_rng(1).uniform(0, 0.4, (9, 6))
    ).round(4)
    rows = [(f"{number:05d}", *row) for number, row in enumerate(guesses.tolist())]
    table = write_table(tmp_path / "mine.csv", ("video", *NAMES), rows)
    report = wildaffect.evaluate(root, table, split="val", num_resamples=20)
    assert report.protocol == "abaw-emi"
    each = [stats.pearsonr(t, g)[0] for t, g in zip(targets.T, guesses.T, strict=True)]
    assert report.overall.value == pytest.approx(np.mean(each), abs=1e-5)
    assert report.values["intensities.joy_intensity.pcc"] == pytest.approx(
        each[5], abs=1e-5
    )
    assert report.overall.value > report.values["intensities.mean_icc"]


def test_mimicry_without_one_of_the_six_is_refused(emi, tmp_path):
    root, targets = emi
    rows = [(f"{number:05d}", *row[:5]) for number, row in enumerate(targets.tolist())]
    table = write_table(tmp_path / "mine.csv", ("video", *NAMES[:5]), rows)
    with pytest.raises(EvaluationError, match="joy_intensity"):
        wildaffect.evaluate(root, table, split="val", num_resamples=20)


def test_the_protocol_of_mimicry_needs_its_six_intensities(tmp_path):
    (tmp_path / "manifest.csv").write_text("video,split,joy_intensity\na,val,1\nb,val,2\n")
    table = write_table(
        tmp_path / "mine.csv", ("video", "joy_intensity"), [("a", 1), ("b", 2)]
    )
    with pytest.raises(EvaluationError, match="must have annotations in emi-intensities-6"):
        wildaffect.evaluate(tmp_path / "manifest.csv", table, protocol="abaw-emi")
