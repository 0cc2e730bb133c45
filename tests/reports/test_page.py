"""Pages: self-contained, small, honest about what they leave out."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from wildaffect.core.events import Event, EventKind
from wildaffect.reports.description import Description, describe
from wildaffect.reports.encoding import EncodedColumn, decode
from wildaffect.reports.gallery import gallery_page, is_gallery
from wildaffect.reports.notebook import compact_plot, plot_table
from wildaffect.reports.page import timeline_page

CLIP = Description(title="clip.mp4")


def data_of(html: str) -> dict:
    """Return the description of the timeline in a page."""
    found = re.search(r'id="report-data">(.*?)</script>', html, re.S)
    return json.loads(found[1])


def payload_of(html: str) -> str:
    """Return the columns of a page."""
    return re.search(r'id="report-columns">(.*?)</script>', html, re.S)[1]


def page_of(table: pa.Table, **words) -> str:
    """Return the page of a table without events."""
    return timeline_page(table, words.pop("events", ()), CLIP, **words).html


def test_a_page_has_the_values_of_every_person(make_table):
    table = make_table(120, 3)
    html = page_of(table)
    people = data_of(html)["people"]
    assert [person["track"] for person in people] == [0, 1, 2]
    for person in people:
        rows = np.flatnonzero(table["track_id"].to_numpy() == person["track"])
        for name, step in (("valence", 0.002), ("AU12", 0.01), ("time_s", 1e-4)):
            column = EncodedColumn(**person["columns"][name])
            assert column.step == step
            back = decode(payload_of(html), column)
            truth = table[name].to_numpy()[rows]
            np.testing.assert_allclose(back, truth, atol=step / 2 + 1e-6)


def test_a_page_refers_to_nothing_outside(make_table):
    html = page_of(make_table())
    assert not re.search(r"https?://|@import|<link (?!rel=\"icon\" href=\"data:)", html)
    assert re.findall(r'(?:src|href)="([^"]*)"', html) == ["data:,"]
    assert "default-src 'none'" in html.replace("&#x27;", "'")


def test_events_are_those_of_their_person(make_table):
    event = Event(
        track_id=1,
        kind=EventKind.EYES,
        label="blink",
        onset_s=0.5,
        apex_s=0.6,
        offset_s=0.7,
        peak=1.0,
        mean=0.9,
    )
    first, second = data_of(page_of(make_table(60, 2), events=[event]))["people"]
    assert first["events"] == []
    expected = {"kind": "eyes", "label": "blink", "onset": 0.5, "offset": 0.7}
    assert second["events"] == [expected]
    assert [lane["rows"] for lane in second["lanes"] if lane["kind"] == "marks"] == [
        ["blink"]
    ]


def test_names_cannot_become_html(make_table):
    table = make_table(80)
    evil = '</script><img src=x onerror="alert(1)">'
    place = table.column_names.index("expression")
    table = table.set_column(place, "expression", pa.array([evil] * table.num_rows))
    html = timeline_page(table, (), Description(title=evil)).html
    assert "<img src=x" not in html
    assert "</script><img" not in html
    assert evil in data_of(html)["expressions"]


def test_an_hour_stays_below_four_megabytes():
    num_rows, rng = 108_000, np.random.default_rng(0)

    def walk(scale: float) -> np.ndarray:
        steps = rng.normal(0, scale, num_rows)
        return np.clip(
            0.5 + 0.3 * np.sin(np.cumsum(steps)) + rng.normal(0, 0.01, num_rows), 0, 1
        )

    frame = np.arange(num_rows)
    columns = {
        "frame": frame,
        "time_s": frame / 30,
        "track_id": np.zeros(num_rows, np.int64),
        "status": ["ok"] * num_rows,
        "valence": 2 * walk(0.05) - 1,
        "arousal": 2 * walk(0.05) - 1,
        "expression": np.array(["Neutral", "Happiness"])[(frame // 90) % 2],
    }
    for unit in range(20):
        columns[f"AU{unit:02d}"] = walk(0.05)
        columns[f"AU{unit:02d}_present"] = walk(0.05) > 0.5
    for name in ("eye_closure_left", "eye_closure_right", "mouth_open"):
        columns[name] = walk(0.1)
    for name in ("gaze_yaw_deg", "gaze_pitch_deg"):
        columns[name] = 60 * walk(0.1) - 30
    size = len(page_of(pa.table(columns)))
    assert 1_000_000 < size < 4_000_000, size


def test_what_a_table_lacks_is_said(make_table):
    page = timeline_page(
        make_table().drop_columns(["expression", "valence", "arousal"]), (), CLIP
    )
    assert "The table has no expressions." in page.omitted
    assert "The table has no valence or arousal." in page.omitted
    assert any("signals" in text for text in page.omitted)
    for text in page.omitted:
        assert text in page.html
    assert {lane["kind"] for lane in data_of(page.html)["people"][0]["lanes"]} == {
        "axis",
        "status",
        "heat",
    }


@pytest.mark.parametrize("num_rows", [0, 5])
def test_a_table_without_faces_makes_a_page_without_timeline(make_table, num_rows):
    empty = make_table(5).slice(0, num_rows)
    place = empty.column_names.index("track_id")
    empty = empty.set_column(place, "track_id", pa.nulls(num_rows, pa.int64()))
    page = timeline_page(empty, (), CLIP)
    assert page.num_people == 0
    assert len(page.omitted) == 1
    assert "<script" not in page.html


def test_one_frame_is_a_timeline_too(make_table):
    data = data_of(page_of(make_table(1)))
    assert data["to"] > data["from"]


def test_people_beyond_the_limit_are_left_out_by_rows(make_table, monkeypatch):
    monkeypatch.setattr("wildaffect.reports.page.MAX_PEOPLE", 2)
    table = make_table(30, 3).slice(0, 88)  # the last two have a row less
    page = timeline_page(table, (), CLIP)
    assert [person["track"] for person in data_of(page.html)["people"]] == [0, 1]
    assert "1 of 3 people are left out, those with the fewest rows." in page.omitted


def test_a_table_without_needed_columns_is_refused(make_table):
    with pytest.raises(ValueError, match="must have the column 'time_s'"):
        page_of(make_table().drop_columns(["time_s"]))


def test_other_labels_are_shown_as_they_are(make_table):
    table = make_table().rename_columns({"AU12": "Smile", "AU12_present": "Smile_present"})
    described = describe("x.csv", {"label_spaces": {"expressions": {"labels": ["Bored"]}}})
    data = data_of(timeline_page(table, (), described).html)
    assert data["expressions"][0] == "Bored"
    assert set(data["expressions"]) >= {"Neutral", "Anger", "Disgust"}
    lanes = [
        lane["columns"] for lane in data["people"][0]["lanes"] if lane["kind"] == "heat"
    ]
    assert lanes == [["AU01"], ["AU04"], ["Smile"]]


RATED = {
    "label_spaces": {
        "dimensions": {"scales": [{"label": "pain", "low": 0, "high": 10}]},
        "intensities": {
            "scales": [
                {"label": "AU06_intensity", "low": 0, "high": 5},
                {"label": "not_there", "low": 0, "high": 5},
                {"label": "AU12", "low": 0, "high": 5},
                {"label": "upside_down", "low": 5, "high": 0},
                "no scale",
            ]
        },
    }
}
"""Sidecar of two scales, beside ones that cannot be shown."""


def rated(table: pa.Table) -> pa.Table:
    """Return a table with columns of the scales, from end to end of each."""
    for name, high in (("pain", 10.0), ("AU06_intensity", 5.0), ("upside_down", 1.0)):
        values = pa.array(np.linspace(0, high, len(table)), pa.float32())
        table = table.append_column(name, values)
    return table


def test_scales_of_ones_own_have_a_lane_with_their_range(make_table):
    table = rated(make_table(60))
    html = timeline_page(table, (), describe("x.csv", RATED)).html
    (person,) = data_of(html)["people"]
    lanes = {lane["labels"][0]: lane for lane in person["lanes"] if "ends" in lane}
    assert set(lanes) == {"pain [0, 10]", "AU06 intensity [0, 5]"}
    pain = lanes["pain [0, 10]"]
    assert (pain["low"], pain["levels"], pain["high"]) == (0, [0, 5, 10], 10)
    for name, step in (("pain", 0.02), ("AU06_intensity", 0.01)):
        back = decode(payload_of(html), EncodedColumn(**person["columns"][name]))
        np.testing.assert_allclose(back, table[name], atol=step / 2 + 1e-6)


def test_without_a_sidecar_no_range_is_made_up(make_table):
    (person,) = data_of(page_of(rated(make_table(60))))["people"]
    assert "pain" not in person["columns"]
    assert not any("ends" in lane for lane in person["lanes"])


@pytest.mark.parametrize("lacking", [[], ["arousal"], ["valence", "arousal"]])
def test_the_plane_of_valence_and_arousal_is_hidden_without_them(make_table, lacking):
    html = page_of(make_table(20).drop_columns(lacking))
    assert ('<canvas class="circumplex" hidden>' in html) == bool(lacking)


def test_a_missing_or_strange_sidecar_is_no_error():
    assert "unknown" in describe("x.csv", None).warnings[0]
    strange = {"source": 5, "artifact": [], "label_spaces": None, "options": ""}
    assert describe("x.csv", strange).title == "x.csv"
    early = describe("x.csv", {"complete": False, "error": "disk full"})
    assert early.warnings == ("The result ends before its source does: disk full",)


def test_photographs_are_a_gallery(make_table):
    table = make_table(3, 2)
    names = [f"<{frame}>.jpg" for frame in table["frame"].to_pylist()]
    table = table.set_column(2, "image", pa.array(names))
    assert is_gallery(table)
    assert not is_gallery(make_table())
    page = gallery_page(table, CLIP)
    assert page.html.count("<tr>") == 1 + 6
    assert "3 photographs, 6 faces" in page.html
    row = table.slice(0, 1).to_pylist()[0]
    probability = row[f"p_{row['expression'].lower()}"]
    assert f"<td>{row['expression']} {probability:.0%}</td>" in page.html
    assert "&lt;2&gt;.jpg" in page.html


@pytest.mark.parametrize(("margin", "num_unclear"), [(0.8, 6), (0.7, 0), (None, 0)])
def test_a_gallery_shows_a_small_margin_as_unclear(make_table, margin, num_unclear):
    table = make_table(3, 2)  # 0.79 for the class, 0.03 for the others
    table = table.set_column(2, "image", pa.array(["a.jpg"] * table.num_rows))
    column = {"name": "expression"} | ({} if margin is None else {"margin": margin})
    html = gallery_page(table, describe("photos", {"columns": [column]})).html
    assert html.count("<td>unclear</td>") == num_unclear
    assert html.count(" 79%</td>") == 6 - num_unclear


def test_scales_of_ones_own_are_columns_of_a_gallery(make_table):
    table = rated(make_table(3))
    table = table.set_column(2, "image", pa.array(["a.jpg", "b.jpg", "c.jpg"]))
    html = gallery_page(table, describe("x.csv", RATED)).html
    assert "<th>pain [0, 10]</th><th>AU06 intensity [0, 5]</th>" in html
    assert '<td class="number">5</td><td class="number">2.5</td></tr>' in html


def test_a_notebook_gets_a_small_frame_and_can_save_the_whole(make_table, tmp_path):
    table = make_table(18_000, 2)
    shown = compact_plot(table, (), CLIP)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert len(shown) < 100_000
    assert "of 36,000 rows; `.plot()` shows all" in shown
    plot = plot_table(table, (), CLIP)
    saved = plot.save(tmp_path / "plot.html").read_text()
    person = data_of(saved)["people"][0]
    assert person["columns"]["valence"]["length"] == 18_000
    assert len(repr(plot)) < 60
