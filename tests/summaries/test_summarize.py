"""Summaries of many results, recomputed with pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import OutputError
from wildaffect.core.faces import Status
from wildaffect.core.results import Affect, FaceResult
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.event_log import EventLog
from wildaffect.outputs.events_file import events_path, read_events
from wildaffect.outputs.find import find_results
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import TableWriter
from wildaffect.workflows.summarize import write_events

RATE = 10.0
WORDS = ("Neutral", "Happiness", None)


def affect(rng, probs):
    word = WORDS[rng.integers(len(WORDS))]
    return Affect(
        valence=float("nan") if rng.random() < 0.1 else rng.uniform(-1, 1),
        arousal=rng.uniform(-1, 1),
        expression=word,
        expression_probs=rng.dirichlet(np.ones(8)).astype(np.float32),
        action_unit_probs=probs,
        action_units_present=tuple(bool(prob >= 0.5) for prob in probs),
    )


def rows_of(seed, make_face):
    """Return up to three people for up to 12 s, some of them of low quality or lost."""
    rng = np.random.default_rng(seed)
    num_people = int(rng.integers(0, 4))
    smooth = np.cumsum(rng.normal(0, 0.2, (120, 3, 12)), axis=0)
    probs = (0.5 + 0.5 * np.sin(smooth)).astype(np.float32)
    for frame in range(int(rng.integers(1, 120))):
        here = {"frame_index": frame, "time_s": frame / RATE, "source": f"{seed}.mp4"}
        if not num_people:
            yield FaceResult(**here, status=Status.NO_FACE)
        for track in range(num_people):
            status = Status.LOW_QUALITY if rng.random() < 0.2 else Status.OK
            face = make_face(track, frame, status)
            found = affect(rng, probs[frame, track]) if status is Status.OK else None
            yield FaceResult(**here, status=status, face=face, affect=found)


def write(path, rows):
    schema = result_schema(thresholds=dict.fromkeys(("AU06", "AU12"), 0.5))
    provenance = Provenance(source={"path": [f"/films/{path.stem}.mp4"]})
    with (
        EventLog(path, schema.arrow(), f"{path.stem}.mp4") as log,
        TableWriter(path, schema, provenance, on_batch=log.add) as table,
    ):
        table.write(rows)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_face):
    folder = tmp_path_factory.mktemp("results")
    for number in range(100):
        write(folder / f"{number}.csv", rows_of(number, make_face))
    return folder


@pytest.fixture(scope="module")
def summary(folder):
    path = folder / "summary.csv"
    wildaffect.summarize(folder, path)
    return pd.read_csv(path)


def test_a_hundred_videos_give_a_row_per_person_and_one_for_those_without(summary):
    assert len(summary) > 100
    assert summary.source.nunique() == 100
    without = summary[summary.track_id.isna()]
    assert len(without) > 10
    assert (without.usable_share == 0).all()
    assert without.valence_mean.isna().all()
    assert without.AU12_count.isna().all()


def test_statistics_are_those_of_pandas(folder, summary):
    tables = [pd.read_csv(folder / f"{number}.csv") for number in range(100)]
    people = pd.concat(tables).dropna(subset="track_id").groupby(["source", "track_id"])
    got = summary.dropna(subset="track_id").set_index(["source", "track_id"])
    expected = pd.DataFrame(
        {
            "num_frames": people.frame.count(),
            "num_usable": people.status.apply(lambda s: (s == "ok").sum()),
            "face_size_px_median": people.face_size_px.median(),
            "start_s": people.time_s.min(),
            "AU12_share": people.AU12_present.apply(lambda s: s.dropna().mean()),
            "expression_happiness_share": people.expression.apply(
                lambda s: (s.dropna() == "Happiness").mean()
            ),
        }
    )
    for name in ("valence", "arousal", "p_happiness", "AU12", "pose_yaw_deg"):
        expected[f"{name}_mean"] = people[name].mean()
        expected[f"{name}_sd"] = people[name].std()
        expected[f"{name}_max"] = people[name].max()
        for percent in (5, 25, 50, 75, 95):
            expected[f"{name}_p{percent:02d}"] = people[name].quantile(percent / 100)
    assert len(got) == len(expected)
    expected = expected.loc[got.index]
    difference = (got[expected.columns] - expected).abs() / expected.abs().clip(lower=1)
    assert (difference.max() < 1e-6).all()
    both_known = got[expected.columns].isna() == expected.isna()
    assert both_known.all().all()


def test_events_are_counted_and_divided_by_the_usable_minutes(folder, summary):
    got = summary.dropna(subset="track_id").set_index(["source", "track_id"])
    counted = 0
    for number in range(100):
        for event in read_events(folder / f"{number}.events.csv"):
            counted += event.label == "AU12"
    assert counted > 20
    assert got.AU12_count.sum() == counted
    known = got[got.num_usable > 0]
    rate = known.AU12_count / (known.usable_s / 60)
    np.testing.assert_allclose(known.AU12_per_min, rate)
    seconds = known.num_frames / RATE * known.usable_share
    many = known.num_frames > 1
    np.testing.assert_allclose(known.usable_s[many], seconds[many])


def test_low_quality_rows_are_not_averaged_as_neutral(tmp_path, make_face):
    one = next(row for row in rows_of(3, make_face) if row.affect is not None)
    hidden = [
        replace(one, frame_index=i, time_s=i / RATE, status=Status.LOW_QUALITY, affect=None)
        for i in range(1, 9)
    ]
    path = write(tmp_path / "x.csv", [replace(one, frame_index=0, time_s=0.0), *hidden])
    (row,) = wildaffect.summarize(path).table.to_pylist()
    assert row["arousal_mean"] == pytest.approx(one.affect.arousal)
    assert row["usable_share"] == pytest.approx(1 / 9)


def test_photographs_have_no_times_and_no_events(tmp_path, make_face):
    rows = [replace(row, image="a.jpg") for row in rows_of(3, make_face)][:1]
    path = write(tmp_path / "album.csv", rows)
    assert not events_path(path).exists()
    (row,) = wildaffect.summarize(path).table.to_pylist()
    assert (row["image"], row["start_s"], row["AU12_count"]) == ("a.jpg", None, None)


def test_a_result_that_cannot_be_read_leaves_the_others(folder, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    summary = wildaffect.summarize([folder / "0.csv", bad, folder / "3.csv"])
    assert len(summary.failed) == 1
    assert "bad.csv: summary: a table must have the columns frame" in summary.failed[0]
    assert set(summary.table["source"].to_pylist()) == {"0.mp4", "3.mp4"}
    with pytest.raises(OutputError, match=r"bad\.csv"):
        wildaffect.summarize(bad)


def test_a_result_is_not_replaced_by_a_summary(folder):
    with pytest.raises(OutputError, match=r"0\.csv: is a result"):
        wildaffect.summarize(folder, folder / "0.csv")
    with pytest.raises(OutputError, match=r"must end in \.csv"):
        wildaffect.summarize(folder, folder / "x.xlsx")


def test_folders_are_searched_for_results_alone(folder, tmp_path):
    assert len(find_results([folder])) == 100
    with pytest.raises(OutputError, match="no results found"):
        find_results([tmp_path])
    with pytest.raises(OutputError, match="nothing: no such file or folder"):
        find_results([tmp_path / "nothing"])


def test_an_incomplete_result_is_marked(tmp_path, make_face):
    path = write(tmp_path / "x.csv", list(rows_of(3, make_face)))
    text = sidecar_path(path).read_text().replace('"complete": true', '"complete": false')
    sidecar_path(path).write_text(text)
    assert wildaffect.summarize(path).table["complete"].to_pylist()[0] is False


def test_events_can_be_found_again_with_other_settings(folder, tmp_path):
    copy = tmp_path / "5.csv"
    copy.write_bytes((folder / "5.csv").read_bytes())
    sidecar_path(copy).write_bytes(sidecar_path(folder / "5.csv").read_bytes())
    before = read_events(folder / "5.events.csv")
    settings = wildaffect.EventSettings(min_duration_s=1.0)
    (report,) = write_events(copy, settings=settings)
    assert report.path == tmp_path / "5.events.csv"
    long = [event for event in report.events if event.kind == "action_unit"]
    assert long == [e for e in before if e.kind == "action_unit" and e.duration_s >= 1.0]
    assert len(long) < len(before)


def test_events_with_other_settings_are_those_that_are_counted(folder, tmp_path):
    copy = tmp_path / "5.csv"
    copy.write_bytes((folder / "5.csv").read_bytes())
    sidecar_path(copy).write_bytes(sidecar_path(folder / "5.csv").read_bytes())
    (report,) = write_events(copy, settings=wildaffect.EventSettings(min_duration_s=1.0))
    expected = sum(event.label == "AU12" for event in report.events)
    counted = wildaffect.summarize(copy).table["AU12_count"].to_pylist()
    assert sum(counted) == expected
    default = wildaffect.summarize(copy, settings=wildaffect.EventSettings()).table
    assert sum(default["AU12_count"].to_pylist()) > expected


def test_photographs_in_a_folder_are_noted_and_those_named_alone_are_an_error(
    folder, tmp_path, capsys
):
    for path in (folder / "5.csv", sidecar_path(folder / "5.csv")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    row = FaceResult(
        frame_index=0, time_s=float("nan"), image="a.jpg", status=Status.NO_FACE
    )
    photographs = tmp_path / "photographs.csv"
    write(photographs, [row])
    assert main(["events", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert f"note: {photographs}: photographs have no events" in printed.out
    assert f"wrote {tmp_path / '5.events.csv'}" in printed.out
    assert main(["events", str(photographs)]) == 1
    assert "photographs have no events" in capsys.readouterr().err


def test_a_summary_is_short_in_words_and_shows_in_notebooks(folder):
    summary = wildaffect.summarize(folder / "3.csv")
    assert repr(summary).startswith(f"Summary({len(summary)} rows by ")
    assert "3.mp4" in summary._repr_html_()
