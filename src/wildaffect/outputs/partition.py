"""Layout of a data set of Parquet files that other programs read at once.

`OUT/video=clip/clip.parquet` is the table of `clip`; DuckDB, Arrow, pandas and R make a
column `video` of the folder. They pass over names that start with an underscore, which the
other files of a result have there: `_clip.parquet.json`, `_clip.events.csv`.
"""

from pathlib import Path, PurePath
from urllib.parse import quote

from wildaffect.core.printable import printable

DATASET = "dataset"
"""Name of the format."""
PREFIX = "video="
_RESERVED = '%/\\=:*?"<>|'
"""Characters that are quoted, as names of folders or the readers of data sets need it."""


def partition_path(out: Path, name: PurePath) -> Path:
    """Return the path of the table of a video in the data set `out`.

    `S01/clip` becomes `video=S01%2Fclip/clip.parquet`; readers decode that.
    """
    text = printable(name.as_posix())
    folder = "".join(quote(each, safe="") if each in _RESERVED else each for each in text)
    stem = folder.rpartition("%2F")[2].lstrip("._") or "part"
    return out / f"{PREFIX}{folder}" / f"{stem}.parquet"


def is_partition(result: Path) -> bool:
    """Return whether a table, or another file of a result, belongs to a data set."""
    return result.parent.name.startswith(PREFIX)


def companion(result: Path, name: str) -> Path:
    """Return the path of another file of a result, which readers of data sets ignore."""
    is_shown = is_partition(result) and not name.startswith("_")
    return result.with_name(f"_{name}" if is_shown else name)


def numbered(result: Path, number: int) -> Path:
    """Return a result's path with a number; that of a data set in a folder of its own."""
    if is_partition(result):
        folder = result.parent.with_name(f"{result.parent.name}-{number}")
        return folder / f"{result.stem}-{number}{result.suffix}"
    return result.with_name(f"{result.stem}-{number}{result.suffix}")
