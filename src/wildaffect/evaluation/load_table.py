"""Tables of predictions as they are on disk."""

from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.formats.parquet_tables import read_parquet
from wildaffect.outputs.table import read_table

_TEXT = ("image", "video", "subject", "split", "status")
SUFFIXES = (".csv", ".parquet", ".jsonl")


def load_table(path: Path) -> pa.Table:
    """Return the columns of a CSV, Parquet or JSON Lines file.

    Raises:
        MissingData: If there is no such file.
        BadAnnotation: If it is no table.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise MissingData(f"no such file: {path}")
    if suffix == ".jsonl":
        return read_table(path)
    if suffix not in SUFFIXES:
        raise BadAnnotation(
            path,
            0,
            f"predictions must be a table ({', '.join(SUFFIXES)}) or a submission (.txt), "
            f"got {suffix or 'no ending'!r}",
        )
    try:
        return read_parquet(path) if suffix == ".parquet" else _load_csv(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise BadAnnotation(path, 0, f"must be a table, got {reason}") from None


def _load_csv(path: Path) -> pa.Table:
    with csv.open_csv(path) as reader:
        names = reader.schema.names
    text = {
        name: pa.string()
        for name in names
        if name.strip() in _TEXT or name.strip().startswith("expression")
    }
    options = csv.ConvertOptions(
        column_types=text, null_values=[""], strings_can_be_null=True
    )
    table = csv.read_csv(path, convert_options=options)
    return table.rename_columns([name.strip() for name in names])
