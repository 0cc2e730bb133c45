import csv
import dataclasses
import json
import resource
import signal
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.faces import Status
from wildaffect.core.results import Affect
from wildaffect.outputs.claim import part_path
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import BATCH_ROWS, TableWriter, read_table, recover

SUFFIXES = [".csv", ".parquet", ".jsonl"]
each_format = pytest.mark.parametrize("suffix", SUFFIXES)

units = st.floats(0, 1, width=32)
eight_units = st.lists(units, min_size=8, max_size=8)
small = st.floats(allow_nan=True, allow_infinity=False, width=32)


@st.composite
def rows(draw):
    affect = Affect(
        valence=draw(small),
        arousal=draw(small),
        expression=draw(st.sampled_from([None, "Fear", 'a "b", c', "Ärger"])),
        expression_probs=np.array(
            draw(st.lists(units, min_size=8, max_size=8)), np.float32
        ),
        action_units_present=tuple(
            draw(st.lists(st.sampled_from([None, True, False]), min_size=12, max_size=12))
        ),
    )
    return affect, draw(st.integers(0, 2**62)), draw(st.floats(0, 1e9))


def write(path, rows_, schema=None, provenance=None):
    with TableWriter(path, schema or result_schema(), provenance) as writer:
        writer.write(rows_)
    return path


def breaking_off(made):
    yield from made
    raise RuntimeError("camera unplugged")


def sidecar(path):
    return json.loads(sidecar_path(path).read_text())


@each_format
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(rows(), max_size=4))
def test_what_is_read_back_equals_what_was_written(tmp_path, row, suffix, drawn):
    schema = result_schema()
    made = [
        dataclasses.replace(row(affect=affect), frame_index=index, time_s=time_s)
        for affect, index, time_s in drawn
    ]
    wanted = pa.Table.from_batches([schema.batch(made)])
    assert read_table(write(tmp_path / f"x{suffix}", made)).equals(wanted)


@each_format
def test_all_formats_hold_the_same_table_with_optional_groups(tmp_path, row, suffix):
    schema = result_schema(landmarks=True, blendshapes=True)
    made = [row(0, None), row(1, 0), row(1, 1), row(2, 0, status=Status.LOW_QUALITY)]
    path = write(tmp_path / f"x{suffix}", made, schema)
    assert read_table(path).equals(pa.Table.from_batches([schema.batch(made)]))


@each_format
def test_a_table_is_read_without_its_sidecar(tmp_path, row, suffix):
    path = write(tmp_path / f"x{suffix}", [row(0), row(1, None)])
    with_sidecar = read_table(path)
    sidecar_path(path).unlink()
    assert read_table(path).equals(with_sidecar)


@each_format
def test_a_result_stands_under_the_name_that_was_given_and_beside_nothing_else(
    tmp_path, row, suffix, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out"
    folder.mkdir()
    write(folder / f"my clip.v2{suffix}", [row()])
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == sorted(
        [f"my clip.v2{suffix}", f"my clip.v2{suffix}.json"]
    )


def test_csv_keeps_every_float32_exactly_and_pandas_reads_it(tmp_path, row, affect):
    valences = np.random.default_rng(0).uniform(-1, 1, 2000).astype(np.float32)
    made = [
        row(i, affect=dataclasses.replace(affect(), valence=float(value)))
        for i, value in enumerate(valences)
    ]
    path = write(tmp_path / "x.csv", made)
    frame = pd.read_csv(path)
    assert (frame.valence.astype(np.float32) == valences).all()
    assert frame.AU01_present.dtype == bool
    assert "valence,arousal" in path.read_text().splitlines()[0]


def test_empty_cells_are_empty_in_csv_and_left_out_in_json_lines(tmp_path, row):
    header, line = write(tmp_path / "x.csv", [row(4, None)]).read_text().splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    known = {"frame": "4", "time_s": "0.13333333333333333", "status": "no_face"}
    assert cells == dict.fromkeys(cells, "") | known
    lines = write(tmp_path / "x.jsonl", [row(4, None)]).read_text()
    assert lines == '{"frame":4,"time_s":0.13333333333333333,"status":"no_face"}\n'


def test_parquet_carries_unit_and_meaning_of_each_column(tmp_path, row):
    path = write(tmp_path / "x.parquet", [row()])
    field = pa.parquet.read_schema(path).field("pose_yaw_deg")
    assert field.metadata[b"unit"] == b"degrees"


@each_format
def test_times_are_those_of_the_video_and_a_second_run_gives_the_same_bytes(
    tmp_path, row, suffix
):
    made = [row(frame, rate=25) for frame in range(50)]
    first = write(tmp_path / f"a{suffix}", made)
    again = write(tmp_path / f"b{suffix}", made)
    assert first.read_bytes() == again.read_bytes()
    assert read_table(first)["time_s"].to_pylist() == [frame / 25 for frame in range(50)]


@each_format
def test_no_rows_give_an_empty_table_with_all_columns(tmp_path, suffix):
    table = read_table(write(tmp_path / f"x{suffix}", []))
    assert table.num_rows == 0
    assert table.schema.names == result_schema().arrow().names


def test_unknown_arguments_are_errors(tmp_path):
    with pytest.raises(TypeError, match="save"):
        TableWriter(tmp_path / "x.csv", result_schema(), save="y.csv")


def test_an_unknown_suffix_suggests_the_nearest(tmp_path):
    with pytest.raises(UsageError, match=r"got '.parqet'; did you mean \.parquet\?"):
        TableWriter(tmp_path / "x.parqet", result_schema())


def test_a_folder_cannot_be_a_result(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(OutputError, match="must be a file, got a folder"):
        TableWriter(tmp_path / "x.csv", result_schema())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"x\.csv: result must be writable, got No such"):
        write(tmp_path / "nowhere" / "x.csv", [])


def test_reading_what_is_not_there_or_no_table_is_one_clear_error(tmp_path):
    with pytest.raises(OutputError, match="result must exist, got no such file"):
        read_table(tmp_path / "x.csv")
    (tmp_path / "x.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(OutputError, match="must be a Parquet table, got"):
        read_table(tmp_path / "x.parquet")
    (tmp_path / "x.csv").write_text("frame,valence\n1,abc\n")
    with pytest.raises(
        OutputError, match=r"must be a CSV table, got .* invalid value 'abc'"
    ):
        read_table(tmp_path / "x.csv")
    for text in ("[1]\n", '{"frame":"one"}\n', "{\n"):
        (tmp_path / "x.jsonl").write_text(text)
        with pytest.raises(OutputError, match="must be a JSON Lines table, got"):
            read_table(tmp_path / "x.jsonl")


@each_format
def test_an_error_inside_leaves_a_readable_part_and_nothing_under_the_final_name(
    tmp_path, row, suffix
):
    path = tmp_path / f"x{suffix}"
    with pytest.raises(RuntimeError, match="unplugged"):
        write(path, breaking_off([row(frame) for frame in range(10)]))
    assert not path.exists()
    assert not sidecar_path(path).exists()
    assert read_table(part_path(path)).num_rows == 10
    record = sidecar(part_path(path))
    assert (record["complete"], record["error"]) == (
        False,
        "RuntimeError: camera unplugged",
    )


@each_format
def test_a_failed_run_leaves_the_older_result_and_its_sidecar_alone(tmp_path, row, suffix):
    path = write(tmp_path / f"x{suffix}", [row(0), row(1)])
    before = path.read_bytes(), sidecar(path)
    with pytest.raises(RuntimeError):
        write(path, breaking_off([row(9)]))
    assert (path.read_bytes(), sidecar(path)) == before


def test_a_result_cut_short_by_its_input_is_kept_and_says_so(tmp_path, row):
    path = tmp_path / "x.csv"
    with TableWriter(path, result_schema()) as writer:
        writer.write([row(0)])
        writer.mark_incomplete("frame 1: data ends")
    assert read_table(path).num_rows == 1
    assert sidecar(path)["complete"] is False
    assert sidecar(path)["error"] == "frame 1: data ends"


def test_the_sidecar_says_what_columns_mean_and_what_they_were_made_from(tmp_path, row):
    made_from = Provenance(
        source={"name": "clip.mp4"}, artifact={"name": "rules"}, options={"every": 2}
    )
    path = write(tmp_path / "x.csv", [row()], provenance=made_from)
    record = sidecar(path)
    assert [column["name"] for column in record["columns"]] == result_schema().arrow().names
    assert record["columns"][1]["unit"] == "s"
    assert record["options"] == {"every": 2}
    assert record["digest"] == made_from.digest()
    assert (record["complete"], record["error"], record["num_rows"]) == (True, None, 1)
    assert record["size_bytes"] == path.stat().st_size


ENDLESS = """
    import sys
    from pathlib import Path
    from wildaffect.core.faces import Status
    from wildaffect.core.results import FaceResult
    from wildaffect.outputs.columns import result_schema
    from wildaffect.outputs.table import TableWriter

    def rows():
        index = 0
        while True:
            yield FaceResult(frame_index=index, time_s=index / 30, status=Status.NO_FACE)
            index += 1
            if index == 20000:
                print("going", flush=True)

    with TableWriter(Path(sys.argv[1]), result_schema()) as writer:
        writer.write(rows())
"""


@each_format
def test_a_run_killed_half_way_leaves_a_part_that_is_read_and_recovered(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ENDLESS), str(path)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline() == b"going\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert not path.exists()

    part = part_path(path)
    table = read_table(part)
    assert table.num_rows >= 20000 - BATCH_ROWS
    assert table["frame"].to_pylist() == list(range(table.num_rows))
    assert sidecar(part)["complete"] is False

    assert recover(part) == path
    assert read_table(path).equals(table)
    assert sidecar(path)["error"] == "recovered from a run that was stopped"
    assert sorted(tmp_path.iterdir()) == sorted([path, sidecar_path(path)])


@each_format
def test_a_part_cut_anywhere_gives_the_rows_before_the_cut(
    tmp_path, row, suffix, monkeypatch
):
    path = tmp_path / f"x{suffix}"
    monkeypatch.setattr("wildaffect.outputs.table.BATCH_ROWS", 1)
    with pytest.raises(RuntimeError):
        write(path, breaking_off([row(frame) for frame in range(3)]))
    part = part_path(path)
    whole = part.read_bytes()
    found = []
    for size in range(0, len(whole) + 1, 97):
        part.write_bytes(whole[:size])
        table = read_table(part)
        found.append(table.num_rows)
        assert table.num_rows == 0 or table["frame"].to_pylist() == list(range(found[-1]))
    assert found == sorted(found)
    assert set(found) >= {0, 1, 2}


def test_recovering_refuses_what_it_would_harm_or_cannot_read(tmp_path, row):
    path = write(tmp_path / "x.csv", [row()])
    part_path(path).write_text("frame\n")
    with pytest.raises(OutputError, match="must not exist yet, got a file"):
        recover(part_path(path))
    with pytest.raises(UsageError, match=r"must end in \.part, got '\.csv'"):
        recover(path)
    with pytest.raises(UsageError, match="got a folder; name one of its files") as error:
        recover(tmp_path.parent)
    assert str(part_path(path)) in str(error.value)
    (tmp_path / "y.csv.part").write_text("")
    with pytest.raises(OutputError, match="must hold at least a header, got 0 bytes"):
        recover(tmp_path / "y.csv.part")


@each_format
def test_a_full_disk_is_one_clear_error_and_leaves_no_result(tmp_path, row, suffix):
    path = tmp_path / f"x{suffix}"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    try:
        with pytest.raises(OutputError, match="writable, got File too large"):
            write(path, (row(frame) for frame in range(5000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not path.exists()
    assert read_table(part_path(path)).num_rows > 0


def test_writing_keeps_memory_flat_whatever_the_length(tmp_path, row):
    def peak(num_rows):
        one = row()
        tracemalloc.start()
        write(tmp_path / "x.csv", (one for _ in range(num_rows)))
        top = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes()
        tracemalloc.stop()
        return top

    peak(300)
    assert peak(6000) < 1.5 * peak(600)


def test_rows_reach_the_disk_soon_even_when_they_are_few(tmp_path, row, monkeypatch):
    monkeypatch.setattr("wildaffect.outputs.table.FLUSH_S", -1.0)
    with TableWriter(tmp_path / "x.csv", result_schema()) as writer:
        writer.write([row(0)])
        assert read_table(tmp_path / "x.csv.part").num_rows == 1


def test_a_row_is_refused_nowhere_for_being_interpolated(tmp_path, row):
    made = [row(0), row(1, status=Status.INTERPOLATED), row(2)]
    statuses = read_table(write(tmp_path / "x.csv", made))["status"].to_pylist()
    assert statuses == ["ok", "interpolated", "ok"]


NAMES = ["=1+1.png", "+a.png", "-b.png", "@c.png", "'=d.png", "'e.png", "f=.png", "g.png"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_names_that_a_spreadsheet_would_compute_come_back_as_they_were(
    tmp_path, suffix, row
):
    path = tmp_path / f"x{suffix}"
    with TableWriter(path, result_schema()) as writer:
        writer.write([dataclasses.replace(row(), image=name) for name in NAMES])
    assert read_table(path)["image"].to_pylist() == NAMES


def test_no_cell_of_a_csv_begins_with_what_a_spreadsheet_computes(tmp_path, row):
    path = tmp_path / "x.csv"
    with TableWriter(path, result_schema()) as writer:
        writer.write([dataclasses.replace(row(), image=name) for name in NAMES])
    with path.open(newline="") as file:
        cells = [line["image"] for line in csv.DictReader(file)]
    assert cells[:5] == ["'=1+1.png", "'+a.png", "'-b.png", "'@c.png", "''=d.png"]
    assert cells[6:] == ["f=.png", "g.png"]
