"""Which photograph a row is of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wildaffect.core.results import FaceResult
from wildaffect.video.images import list_images
from wildaffect.video.inputs import SourceLike, parse_source
from wildaffect.video.pixels import is_image_name


def pictures_of(source: SourceLike | Sequence[Path]) -> list[Path]:
    """Return the images of a source in the order of their frames; empty for a video."""
    if not isinstance(source, str | Path | int):
        return list(source)
    match parse_source(source):
        case Path() as path if path.is_dir():
            return list(list_images(path)[0])
        case Path() as path if is_image_name(path):
            return [path]
        case _:
            return []


def with_names(
    rows: Iterable[FaceResult], pictures: Sequence[Path]
) -> Iterator[FaceResult]:
    """Yield rows that name the photograph of their frame, if they are of photographs."""
    for row in rows:
        yield replace(row, image=pictures[row.frame_index].name) if pictures else row
