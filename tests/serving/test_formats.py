"""The formats of a finished table."""

import wildaffect
from wildaffect.analysis.options import ColumnOptions
from wildaffect.inference.artifact import load_artifact
from wildaffect.serving.formats import write_formats
from wildaffect.serving.records import Kind


def test_a_report_that_fails_costs_the_report_alone(clip, tmp_path):
    (done,) = wildaffect.analyze_files(clip, tmp_path / "clip.jsonl", stop_s=0.1)
    (tmp_path / "clip.html").write_text("a page of somebody else")
    schema = ColumnOptions().schema(load_artifact("default").manifest)
    formats = write_formats(done.result, schema, clip)
    assert formats.files.keys() == {Kind.JSONL, Kind.CSV, Kind.PARQUET, Kind.EVENTS}
    assert formats.note.startswith("no report: ")
    assert "clip.html" in formats.note
