"""Commands on stored results: events and summaries."""

import pytest

from wildaffect.cli.main import main
from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.events_file import read_events
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.table import TableWriter


@pytest.fixture
def results(tmp_path):
    """Return a folder with the result of a video without a face."""
    folder = tmp_path / "results"
    folder.mkdir()
    with TableWriter(folder / "clip.csv", result_schema(), Provenance()) as table:
        for frame in range(5):
            table.write(
                [
                    FaceResult(
                        frame_index=frame,
                        time_s=frame / 25,
                        status=Status.NO_FACE,
                        source="clip.mp4",
                    )
                ]
            )
    return folder


def run(*args):
    return main(list(map(str, args)))


def test_events_are_written_beside_the_table(results, capsys):
    assert run("events", results) == 0
    assert read_events(results / "clip.events.csv") == ()
    assert capsys.readouterr().out == f"wrote {results / 'clip.events.csv'}: 0 events\n"


def test_a_summary_is_written_where_it_is_wanted(results, tmp_path, capsys):
    assert run("summarize", results, "-o", tmp_path / "new" / "all.csv") == 0
    header, row = (tmp_path / "new" / "all.csv").read_text().splitlines()
    assert header.startswith("source,complete,image,track_id,start_s,")
    assert row.startswith("clip.mp4,true,,,0,0.2,0.2,5,0,0,0,")
    assert "all.csv: 1 row, " in capsys.readouterr().out


@pytest.mark.parametrize("command", ["events", "summarize"])
def test_a_table_without_the_columns_is_one_line_and_the_others_are_done(
    results, tmp_path, capsys, command, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.csv"
    bad.write_text("frame,valence\n1,0.5\n")
    assert run(command, bad, results) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert f"wildaffect: {bad}: " in captured.err
    assert "time_s" in captured.err
    assert "wrote" in captured.out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["events", "none"], "none: no such file or folder"),
        (["summarize", "none"], "none: no such file or folder"),
        (["events", "."], "no results found"),
        (["events", ".", "--release", "2"], "release must be in (0, 1]"),
        (
            ["events", ".", "--blink-max", "0.01"],
            "blink_max_s must be at least blink_min_s",
        ),
    ],
)
def test_wrong_arguments_are_one_clear_line(tmp_path, monkeypatch, capsys, args, message):
    monkeypatch.chdir(tmp_path)
    assert run(*args) != 0
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", ["events", "summarize"])
def test_tables_of_events_among_the_arguments_are_left_out(
    results, tmp_path, capsys, command, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert run("events", results) == 0
    assert run(command, *sorted(results.glob("*.csv"))) == 0
    assert not (results / "clip.events.events.csv").exists()
    assert run(command, results / "clip.events.csv") != 0
    assert "tables of events are no results" in capsys.readouterr().err


def test_another_file_with_the_name_of_events_is_left_alone(results, capsys):
    (results / "clip.events.csv").write_text("mine")
    assert run("events", results) == 1
    assert "exists and holds no events of clip.csv" in capsys.readouterr().err
    assert (results / "clip.events.csv").read_text() == "mine"


def test_a_part_file_is_to_be_recovered_first(results, capsys):
    (results / "clip.csv").rename(results / "clip.csv.part")
    assert run("events", results / "clip.csv.part") == 1
    assert "is unfinished; run `wildaffect recover" in capsys.readouterr().err


def test_a_summary_never_replaces_a_table_that_it_reads(results, tmp_path, capsys):
    bare = tmp_path / "bare.csv"
    bare.write_bytes((results / "clip.csv").read_bytes())
    assert run("summarize", bare, "-o", bare) == 1
    assert "is a result; choose another name" in capsys.readouterr().err
    assert bare.read_bytes() == (results / "clip.csv").read_bytes()
