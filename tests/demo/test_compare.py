import pyarrow as pa
import pytest
from pyarrow import csv

from wildaffect.core.tasks import ABAW_ACTION_UNITS
from wildaffect.demo.compare import BOX, CLIP, TRUTH, compare
from wildaffect.video.read import open_source

UNITS = ABAW_ACTION_UNITS.labels


@pytest.fixture
def record(tmp_path):
    """A result with the exact truth for all visible people, with ids per person."""
    rows = csv.read_csv(TRUTH).to_pylist()
    kept = [row for row in rows if row["visible"] >= 0.7]
    columns = {
        "frame": pa.array([row["frame"] for row in kept], pa.int64()),
        "time_s": pa.array([row["time_s"] for row in kept], pa.float64()),
        "track_id": pa.array([row["person"] for row in kept], pa.int64()),
        "status": pa.array(["ok"] * len(kept)),
        "expression": pa.array([row["expression"] for row in kept]),
    }
    for name in (*BOX, "valence", "arousal", *UNITS):
        columns[name] = pa.array([row[name] for row in kept], pa.float32())
    path = tmp_path / "people.csv"
    csv.write_csv(pa.table(columns), path)
    return path


def test_the_truth_agrees_with_itself(record):
    compared = compare(record)
    assert compared.num_found == compared.num_visible > 300
    by_name = {agreement.name: agreement for agreement in compared.agreements}
    assert by_name["valence"].concordance == pytest.approx(1.0, abs=1e-6)
    assert by_name["AU12"].correlation == pytest.approx(1.0, abs=1e-6)


def test_faces_elsewhere_are_not_found(record):
    moved = csv.read_csv(record).to_pylist()
    for row in moved:
        row["box_x0"], row["box_x1"] = row["box_x0"] + 3000, row["box_x1"] + 3000
    csv.write_csv(pa.Table.from_pylist(moved), record)
    assert compare(record).num_found == 0


def test_the_clip_has_the_frames_of_its_truth():
    rows = csv.read_csv(TRUTH)
    with open_source(CLIP) as reader:
        frames = list(reader)
    assert max(rows["frame"].to_pylist()) <= len(frames) - 1
    assert CLIP.stat().st_size < 1_000_000
    times = dict(zip(rows["frame"].to_pylist(), rows["time_s"].to_pylist(), strict=True))
    assert all(abs(frames[i].time_s - time) < 1e-3 for i, time in times.items())
