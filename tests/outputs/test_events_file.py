import json
import math
import os
from dataclasses import replace

import pytest

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event, EventKind
from wildaffect.events.finder import find_events, in_order
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.event_log import (
    EventLog,
    add_missing_events,
    events_of,
    write_events_of,
)
from wildaffect.outputs.events_file import (
    EventsOrigin,
    events_path,
    read_events,
    write_events,
)
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import TableWriter, read_table

THRESHOLDS = {"AU12": 0.5, "AU25": 0.3}


HEADER = "source,track_id,kind,label,onset_s,apex_s,offset_s,duration_s,peak,mean\n"


@pytest.fixture
def rows(row):
    """Return twenty seconds of two people whose action units come and go."""
    return [row(frame, track) for frame in range(600) for track in (0, 1)]


def write(path, rows):
    schema = result_schema(thresholds=THRESHOLDS)
    provenance = Provenance(source={"path": ["/a/clip.mp4"]})
    with (
        EventLog(path, schema.arrow(), "clip.mp4") as log,
        TableWriter(path, schema, provenance, on_batch=log.add) as table,
    ):
        for each in rows:
            table.write([replace(each, source="clip.mp4")])
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_events_of_a_stream_and_of_its_stored_table_are_the_same(tmp_path, rows, suffix):
    result = write(tmp_path / f"clip{suffix}", rows)
    streamed = read_events(events_path(result))
    stored, origin = events_of(read_table(result))
    assert streamed == stored
    assert len(streamed) > 4
    assert origin.thresholds == THRESHOLDS
    before = events_path(result).read_bytes()
    write_events_of(result)
    assert events_path(result).read_bytes() == before


def test_the_sidecar_records_settings_thresholds_and_owner(tmp_path, rows):
    result = write(tmp_path / "clip.csv", rows)
    document = json.loads(sidecar_path(events_path(result)).read_text())
    assert document["thresholds"] == THRESHOLDS
    assert document["thresholds_are_estimated"] is False
    assert document["settings"]["min_duration_s"] == 0.2
    assert document["source"]["path"] == ["/a/clip.mp4"]


def test_other_runs_never_see_events_without_their_owner(tmp_path, rows, monkeypatch):
    result = tmp_path / "clip.csv"
    events, seen = events_path(result), []

    def replace_and_look(source, target):
        rename(source, target)
        seen.append((events.exists(), sidecar_path(events).exists()))

    rename = os.replace
    monkeypatch.setattr(os, "replace", replace_and_look)
    write(result, rows)
    write_events_of(result)
    assert (True, True) in seen
    assert (True, False) not in seen


def test_a_table_without_its_sidecar_gets_estimated_thresholds(tmp_path, rows):
    result = write(tmp_path / "clip.csv", rows)
    sidecar_path(result).unlink()
    table = read_table(result)
    events, origin = events_of(table)
    assert origin.estimated
    present = table["AU12"].filter(table["AU12_present"]).to_pylist()
    assert origin.thresholds["AU12"] == pytest.approx(min(present))
    assert events == find_events(table, origin.thresholds)


def test_events_survive_the_file_with_every_digit(tmp_path):
    odd = Event(
        track_id=3,
        kind=EventKind.EXPRESSION,
        label='=cmd, "quoted"',
        onset_s=0.1 + 0.2,
        apex_s=1 / 3,
        offset_s=1.0,
        peak=math.nan,
        mean=0.25,
    )
    (tmp_path / "x.csv").touch()
    path = write_events(tmp_path / "x.csv", [odd], EventsOrigin(), "=clip.mp4")
    (got,) = read_events(path)
    assert (got.label, got.onset_s, got.apex_s) == (odd.label, odd.onset_s, odd.apex_s)
    assert math.isnan(got.peak)
    header, line = path.read_text().splitlines()
    assert header == HEADER.strip()
    assert line.startswith("'=clip.mp4,3,expression,")


def test_events_are_ordered_by_onset_then_track():
    def event(onset_s, track_id, label):
        return Event(
            track_id=track_id,
            kind=EventKind.EYES,
            label=label,
            onset_s=onset_s,
            apex_s=onset_s,
            offset_s=onset_s + 1,
            peak=1.0,
            mean=1.0,
        )

    events = [event(2, 0, "b"), event(1, 1, "b"), event(1, 0, "b"), event(1, 0, "a")]
    assert [(e.onset_s, e.track_id, e.label) for e in in_order(events)] == [
        (1, 0, "a"),
        (1, 0, "b"),
        (1, 1, "b"),
        (2, 0, "b"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column source"),
        (
            HEADER + "x,0,smile,AU12,0,0,1,1,1,1\n",
            "'smile' is not a valid EventKind",
        ),
        (
            HEADER + "x,0,eyes,blink,zero,0,1,1,1,1\n",
            "not a table of events",
        ),
    ],
)
def test_a_file_that_is_no_table_of_events_is_refused(tmp_path, text, message):
    path = tmp_path / "x.events.csv"
    path.write_text(text)
    with pytest.raises(OutputError, match=message) as error:
        read_events(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"x\.events\.csv: no such file"):
        read_events(tmp_path / "x.events.csv")


def test_nothing_is_written_where_the_table_fails(tmp_path, rows):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "clip.csv", _stopped(rows))
    assert not list(tmp_path.glob("*.events.csv*"))


def test_events_of_an_older_table_do_not_stay_where_a_new_run_stops(tmp_path, rows):
    result = write(tmp_path / "clip.csv", rows)
    with pytest.raises(KeyboardInterrupt):
        write(result, _stopped(rows))
    assert result.exists()
    assert not events_path(result).exists()
    add_missing_events(result)
    assert read_events(events_path(result)) == find_events(read_table(result))


def _stopped(rows):
    yield from rows[:100]
    raise KeyboardInterrupt
