"""Small results with signals, written as `analyze` writes them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from wildaffect.interchange.stored import StoredResult, load_result
from wildaffect.outputs.sidecar import replace_document, sidecar_path

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

RATE_HZ = 25.0


@pytest.fixture
def store(tmp_path) -> Callable[..., StoredResult]:
    """Return a function that writes columns as a result and reads it."""

    def write(columns: dict[str, list], file: str = "clip.csv", **source) -> StoredResult:
        path: Path = tmp_path / "results" / file
        path.parent.mkdir(exist_ok=True)
        types = {"image": pa.string(), "track_id": pa.int64()}
        table = pa.table(
            {key: pa.array(cells, types.get(key)) for key, cells in columns.items()}
        )
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))
        known = {"name": "clip.mp4", "path": [str(tmp_path / "clip.mp4")], "fps": RATE_HZ}
        known |= {"width": 640, "height": 360}
        columns_known = [
            {"name": field.name, "type": _TYPES.get(str(field.type), str(field.type))}
            for field in table.schema
        ]
        document = {
            "schema_version": 1,
            "source": known | source,
            "digest": "0" * 64,
            "columns": columns_known,
        }
        replace_document(sidecar_path(path), document)
        return load_result(path)

    return write


_TYPES = {"double": "float64", "float": "float32", "null": "float32"}
