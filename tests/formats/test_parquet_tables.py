import pyarrow as pa
import pytest
from pyarrow import parquet

from wildaffect.core.errors import BadAnnotation, OutputError
from wildaffect.formats.manifest import read_manifest
from wildaffect.formats.parquet_tables import read_parquet
from wildaffect.outputs.table import read_table


def test_a_table_comes_back_as_it_was_written(tmp_path):
    table = pa.table({"image": ["1.jpg", None], "valence": [0.5, None]})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet").equals(table)


def test_a_small_file_of_billions_of_cells_is_refused_unread(tmp_path):
    path = tmp_path / "manifest.parquet"
    run = pa.nulls(50_000_000, pa.float32())
    parquet.write_table(pa.table({"valence": run}), path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BadAnnotation, match="400,000,000 bytes of cells in a file of"):
        read_manifest(path)


def test_text_that_is_no_text_is_found_when_it_is_read(tmp_path):
    path = tmp_path / "manifest.parquet"
    parquet.write_table(pa.table({"image": ["abcdef.jpg"]}), path, use_dictionary=False)
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"ab\xff\xfeef"))
    with pytest.raises(BadAnnotation, match="must be a Parquet file, got"):
        read_manifest(path)
    with pytest.raises(OutputError, match="must be a Parquet table, got"):
        read_table(path)


def test_a_column_of_lists_is_no_column_of_a_manifest(tmp_path):
    path = tmp_path / "manifest.parquet"
    parquet.write_table(pa.table({"image": [["a"], ["b"]]}), path)
    with pytest.raises(BadAnnotation, match="must be a Parquet file, got"):
        read_manifest(path)
