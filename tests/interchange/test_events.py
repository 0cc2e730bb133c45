"""Events in files of annotation programs, read by the programs' own readers."""

import json
import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from interchange_columns import columns_of

from wildaffect.core.events import Event, EventKind
from wildaffect.events.settings import EventSettings
from wildaffect.interchange.boris import write_boris
from wildaffect.interchange.elan import write_elan
from wildaffect.interchange.export import ConvertOptions
from wildaffect.interchange.label_studio import write_label_studio
from wildaffect.interchange.textgrid import write_textgrid
from wildaffect.outputs.events_file import EventsOrigin, write_events


def event(label, onset_s, offset_s, kind=EventKind.ACTION_UNIT, track=0):
    return Event(
        track_id=track,
        kind=kind,
        label=label,
        onset_s=onset_s,
        apex_s=onset_s,
        offset_s=offset_s,
        peak=0.9,
        mean=0.5,
    )


EVENTS = (
    event("AU06", 0.2, 0.8),
    event("AU12", 0.4, 1.2),
    event("blink", 0.52, 0.64, EventKind.EYES),
    event("Happiness", 0.4, 1.0, EventKind.EXPRESSION),
    event("AU12", 1.0, 1.6, track=1),
    event("AU12", 1.6, 1.88),
)


@pytest.fixture
def result(store):
    """A result of two seconds with the events above stored beside it."""
    stored = store(columns_of(50))
    origin = EventsOrigin(settings=EventSettings(), thresholds={})
    write_events(stored.path, EVENTS, origin, "clip.mp4")
    return stored


def saved(export, folder):
    for file in export.files:
        (folder / file.name).write_bytes(file.content)
    return folder / export.files[0].name


def test_elan_has_a_tier_per_person_and_label_and_finds_the_media(result, tmp_path):
    out = tmp_path / "elan"
    out.mkdir()
    path = saved(write_elan(result, ConvertOptions(folder=out)), out)
    root = ET.parse(path).getroot()
    media = root.find("HEADER/MEDIA_DESCRIPTOR").attrib
    assert media["RELATIVE_MEDIA_URL"] == "../clip.mp4"
    assert media["MEDIA_URL"] == (tmp_path / "clip.mp4").as_uri()
    assert media["MIME_TYPE"] == "video/mp4"
    slots = [int(s.get("TIME_VALUE")) for s in root.iter("TIME_SLOT")]
    assert slots == sorted(slots)


def test_pympi_reads_the_elan_document(result, tmp_path):
    elan = pytest.importorskip("pympi.Elan")
    path = saved(write_elan(result, ConvertOptions(folder=tmp_path)), tmp_path)
    eaf = elan.Eaf(str(path))
    assert sorted(eaf.get_tier_names()) == [
        "person 0 AU06",
        "person 0 AU12",
        "person 0 expression",
        "person 0 eyes",
        "person 1 AU12",
    ]
    assert sorted(eaf.get_annotation_data_for_tier("person 0 AU12")) == [
        (400, 1200, "AU12"),
        (1600, 1880, "AU12"),
    ]
    assert eaf.get_annotation_data_for_tier("person 0 eyes") == [(520, 640, "blink")]


def test_textgrid_reads_the_file_and_tiers_cover_the_recording(result, tmp_path):
    textgrid = pytest.importorskip("textgrid")
    path = saved(write_textgrid(result, ConvertOptions()), tmp_path)
    grid = textgrid.TextGrid.fromFile(str(path))
    assert (grid.minTime, grid.maxTime) == (0, 2)
    tier = grid.getFirst("person 0 AU12")
    found = [(i.minTime, i.maxTime, i.mark) for i in tier]
    assert found == [
        (0, 0.4, ""),
        (0.4, 1.2, "AU12"),
        (1.2, 1.6, ""),
        (1.6, 1.88, "AU12"),
        (1.88, 2, ""),
    ]
    for tier in grid:
        starts = [i.minTime for i in tier][1:]
        assert starts == [i.maxTime for i in tier][:-1]


def test_boris_has_a_start_and_a_stop_of_every_event(result, tmp_path):
    path = saved(write_boris(result, ConvertOptions(folder=tmp_path)), tmp_path)
    project = json.loads(path.read_text())
    assert project["project_format_version"] == "7.0"
    (observation,) = project["observations"].values()
    assert observation["file"]["1"] == ["clip.mp4"]
    rows = observation["events"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    spans = [row[0] for row in rows if row[1:3] == ["person 0", "AU12"]]
    assert spans == [0.4, 1.2, 1.6, 1.88]
    codes = {b["code"]: b["type"] for b in project["behaviors_conf"].values()}
    assert codes == dict.fromkeys(["AU06", "AU12", "Happiness", "blink"], "State event")
    assert {s["name"] for s in project["subjects_conf"].values()} == {
        "person 0",
        "person 1",
    }


def test_label_studio_has_ranges_of_frames_and_an_interface_with_every_label(result):
    export = write_label_studio(result, ConvertOptions())
    (task,) = json.loads(export.files[0].content)
    (prediction,) = task["predictions"]
    values = [region["value"] for region in prediction["result"]]
    first = next(v for v in values if v["timelinelabels"] == ["AU06"])
    assert first["ranges"] == [{"start": 6, "end": 20}]  # frames 5 to 19 from 0, at 25 Hz
    view = ET.fromstring(export.files[1].content)
    names = {label.get("value") for label in view.iter("Label")}
    assert {label for v in values for label in v["timelinelabels"]} == names
    assert view.find("Video").get("frameRate") == "25"
    control = view.find("TimelineLabels")
    assert {(r["from_name"], r["to_name"]) for r in prediction["result"]} == {
        (control.get("name"), control.get("toName"))
    }


@pytest.mark.parametrize(
    "write", [write_elan, write_textgrid, write_boris, write_label_studio]
)
def test_a_result_without_events_is_a_file_without_annotations(store, write, tmp_path):
    columns = columns_of(5)
    columns["status"] = ["no_face"] * 5
    columns["track_id"] = [None] * 5
    export = write(store(columns), ConvertOptions(folder=tmp_path))
    assert b"AU12" not in export.files[0].content


def test_events_are_found_where_none_are_stored(store):
    columns = columns_of(50)
    columns["AU12"] = [0.05] * 10 + [0.95] * 20 + [0.05] * 20
    columns["AU12_present"] = [p > 0.5 for p in columns["AU12"]]
    text = write_textgrid(store(columns), ConvertOptions()).files[0].content.decode()
    _, _, after = text.partition('name = "person 0 AU12"')
    assert 'xmin = 0.4\n            xmax = 1.2\n            text = "AU12"' in after


def test_a_label_with_a_quote_stays_one_label(store, tmp_path):
    stored = store(columns_of(50))
    odd = replace(EVENTS[0], label='a "smile"', mean=math.nan)
    origin = EventsOrigin(settings=EventSettings(), thresholds={})
    write_events(stored.path, [odd], origin, "clip.mp4")
    text = write_textgrid(stored, ConvertOptions()).files[0].content.decode()
    assert 'text = "a ""smile"""' in text
