import sys

import pandas as pd
import pyarrow as pa
import pytest

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.result import collect
from wildaffect.outputs.sidecar import Provenance, read_sidecar
from wildaffect.outputs.table import read_table


@pytest.fixture
def result(row):
    rows = [row(0, None), *(row(frame, frame % 2) for frame in range(1, 600))]
    return collect(iter(rows), result_schema())


def test_rows_are_held_as_one_arrow_table(result):
    assert isinstance(result.to_arrow(), pa.Table)
    assert len(result) == 600
    assert result.to_arrow().schema.names == result_schema().arrow().names


def test_pandas_keeps_whole_numbers_and_booleans(result):
    frame = result.to_pandas()
    assert pd.isna(frame.track_id[0])
    assert frame.track_id[1] == 1
    assert str(frame.track_id.dtype) == "Int64"
    assert str(frame.AU12_present.dtype) == "boolean"
    assert frame.valence.isna().tolist() == [True] + [False] * 599


def test_without_pandas_the_error_says_what_to_install(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(WildAffectError, match="run: pip install pandas"):
        result.to_pandas()


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.jsonl"])
def test_it_is_written_by_suffix_with_all_its_values(result, tmp_path, name):
    path = result.write(tmp_path / name)
    assert read_table(path).equals(result.to_arrow())
    assert read_sidecar(path)["num_rows"] == 600


def test_an_unknown_suffix_is_refused(result, tmp_path):
    with pytest.raises(UsageError, match="result must end in one of"):
        result.write(tmp_path / "x.xlsx")


def test_tracks_and_totals_come_with_it(result):
    assert [track.track_id for track in result.tracks] == [0, 1]
    assert result.summary.num_frames == 600


def test_no_rows_give_an_empty_result():
    result = collect([], result_schema())
    assert len(result) == 0
    assert result.tracks == ()


def test_why_rows_end_early_reaches_the_sidecar(row, tmp_path):
    result = collect([row()], result_schema(), error="frame 1: data ends")
    document = read_sidecar(result.write(tmp_path / "x.csv"))
    assert (document["complete"], document["error"]) == (False, "frame 1: data ends")


def test_its_repr_is_one_line(result):
    assert repr(result).startswith("AnalysisResult(600 rows by ")
    assert repr(result).endswith(" columns, 600 frames, 2 tracks)")
    assert len(repr(result)) < 100
    assert repr(result.schema).startswith("ResultSchema(")
    assert repr(result.broken_off("disk full")).endswith("; ends early: disk full)")


def test_a_notebook_shows_a_heading_and_a_small_plot(row):
    named = Provenance(source={"name": "<clip>.mp4"})
    page = collect([row(i) for i in range(9)], result_schema(), named)._repr_html_()
    assert "&lt;clip&gt;.mp4: 9 rows" in page
    assert page.count("<iframe") == 1
    assert len(page) < 100_000


def test_a_plot_has_every_person_and_can_be_saved(result, tmp_path):
    html = result.plot().save(tmp_path / "plot.html").read_text()
    assert html.count('<section class="card person"') == 2
