"""A data set of 100 videos is read at once by other programs, and by ours."""

from contextlib import suppress
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow.dataset as arrow_dataset
import pytest

from wildaffect.core.results import FaceResult
from wildaffect.outputs.claim import claim_result, part_path, result_of_part
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.event_log import EventLog
from wildaffect.outputs.events_file import events_path, read_events
from wildaffect.outputs.find import find_results
from wildaffect.outputs.partition import companion, is_partition, numbered, partition_path
from wildaffect.outputs.sidecar import Provenance, read_sidecar, sidecar_path
from wildaffect.outputs.table import TableWriter, read_table, recover
from wildaffect.workflows.report import report
from wildaffect.workflows.summarize import summarize

OUT = Path("out")


def write(out, name, rows):
    result = partition_path(out, PurePosixPath(name))
    result.parent.mkdir(parents=True)
    schema = result_schema()
    source = Provenance(source={"path": [f"/films/{name}.mp4"]})
    with (
        EventLog(result, schema.arrow(), name) as log,
        TableWriter(result, schema, source, on_batch=log.add) as table,
    ):
        table.write(rows)
    return result


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, row):
    """Videos `S00/clip` to `S99/clip`, of 1 to 100 frames; do not change it."""
    out = tmp_path_factory.mktemp("dataset") / "out"
    for number in range(100):
        rows = [row(frame) for frame in range(number + 1)]
        write(out, f"S{number:02d}/clip", rows)
    return out


def test_names_are_those_of_a_partitioned_data_set():
    path = partition_path(OUT, PurePosixPath("S01/clip"))
    assert path == OUT / "video=S01%2Fclip/clip.parquet"
    assert (
        partition_path(OUT, PurePosixPath("_a=1.b"))
        == OUT / "video=_a%3D1.b/a%3D1.b.parquet"
    )
    assert partition_path(OUT, PurePosixPath("__")) == OUT / "video=__/part.parquet"
    assert (is_partition(path), is_partition(OUT / "clip.csv")) == (True, False)
    assert sidecar_path(path).name == "_clip.parquet.json"
    assert sidecar_path(part_path(path)).name == "_clip.parquet.part.json"
    assert companion(OUT / "clip.csv", "clip.csv.json") == OUT / "clip.csv.json"
    for each in (path, OUT / "clip.csv"):
        assert result_of_part(part_path(each)) == each
    assert numbered(path, 2) == OUT / "video=S01%2Fclip-2/clip-2.parquet"


def test_duckdb_queries_all_videos_in_one_line(dataset):
    duckdb = pytest.importorskip("duckdb", reason="reads tables in the extra `dev`")
    found = duckdb.sql(
        f"SELECT video, count(*), avg(valence) FROM '{dataset}/*/*.parquet' "
        "GROUP BY video ORDER BY video"
    ).fetchall()
    assert [each[:2] for each in found] == [(f"S{n:02d}/clip", n + 1) for n in range(100)]
    own = read_table(partition_path(dataset, PurePosixPath("S42/clip")))
    assert found[42][2] == pytest.approx(own.to_pandas()["valence"].mean())
    events = duckdb.sql(
        f"SELECT count(*) FROM read_csv('{dataset}/*/_*.events.csv', union_by_name=true)"
    ).fetchall()
    assert events[0][0] == sum(
        len(read_events(events_path(path))) for path in find_results([dataset])
    )


def test_arrow_and_pandas_read_all_videos_at_once(dataset):
    whole = arrow_dataset.dataset(dataset, format="parquet", partitioning="hive")
    assert whole.count_rows() == 5050
    one = whole.to_table(filter=arrow_dataset.field("video") == "S09/clip")
    assert one.num_rows == 10
    frames = pd.read_parquet(dataset)
    assert frames.groupby("video", observed=True).size()["S99/clip"] == 100


def test_our_own_commands_find_its_tables_and_events(dataset, tmp_path):
    assert len(find_results([dataset])) == 100
    table = summarize(dataset).table
    assert table.num_rows == 100
    assert set(table["num_frames"].to_pylist()) >= {1, 50, 100}
    made = report(sorted(dataset.iterdir())[:2], tmp_path / "pages")
    assert [each.error for each in made.reports] == [None, None]


def test_pages_beside_the_tables_are_passed_over_by_the_readers(tmp_path, row):
    for name in ("a", "b"):
        write(tmp_path, name, [row(frame) for frame in range(3)])
    made = report(tmp_path)
    assert made.index == tmp_path / "_index.html"
    assert (tmp_path / "video=a/_a.html").exists()
    assert len(pd.read_parquet(tmp_path)) == 6


def test_an_unfinished_table_is_passed_over_and_recovered(tmp_path, row):
    write(tmp_path, "a", [row(frame) for frame in range(3)])
    result = partition_path(tmp_path, PurePosixPath("b"))
    result.parent.mkdir()
    with suppress(RuntimeError), TableWriter(result, result_schema()) as table:
        table.write([row(frame) for frame in range(2)])
        raise RuntimeError
    assert len(pd.read_parquet(tmp_path)) == 3
    assert read_table(part_path(result)).num_rows == 2
    assert recover(part_path(result)) == result
    assert read_sidecar(result)["complete"] is False
    assert len(pd.read_parquet(tmp_path)) == 5


def test_a_video_without_a_name_of_its_own_gets_another_folder(tmp_path, row):
    result = write(tmp_path, "a", [row()])
    others = (result, partition_path(tmp_path, PurePosixPath("a.mp4")))
    with claim_result((result,), ["/films/a.mp4"]) as claim:
        assert claim.path == result
    with claim_result(others, ["/others/a.mp4"]) as claim:
        assert claim.path == tmp_path / "video=a.mp4/a.mp4.parquet"


def test_rows_without_a_face_have_the_types_of_the_others(tmp_path, row):
    write(tmp_path, "a", [row(0)])
    write(
        tmp_path,
        "b",
        [FaceResult(frame_index=0, time_s=0.0, status=row(0, None).status)],
    )
    assert len(pd.read_parquet(tmp_path)) == 2
