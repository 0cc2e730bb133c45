"""Annotations read from a data set, with the hashes of their files."""

from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.core.hashes import InputFiles, hash_files
from wildaffect.formats.detect import FORMATS, detect
from wildaffect.formats.generated import find_generated

ALL_TASKS = "affwild2-mtl"
"""Layout with labels of every task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One split of annotations, with the metadata of its layout."""

    annotations: Annotations
    input: InputFiles
    layout: str
    """Name of their format."""
    first_frame: int | None
    """Number of a video's first frame; None if the layout does not define it."""
    notes: tuple[str, ...]


def read_annotated(
    path: Path, *, layout: str | None = None, split: str | None = None
) -> Annotated:
    """Read one split.

    Args:
        path: Folder of a data set, or one annotation file.
        layout: Name of the layout, if there are several or the file has another name.
        split: Name of the split, if there are several.

    Raises:
        MissingData: If no known layout is found.
        UsageError: If layout or split is ambiguous, or there is none of that name.
        BadAnnotation: If a file is unusable, or has no row of that split.
    """
    if path.is_file() and layout is not None and layout in FORMATS:
        known, splits = FORMATS[layout], FORMATS[layout].find(path) or {path.stem: path}
    else:
        found = detect(path, layout)
        if len(found) > 1:
            names = ", ".join(each.format.name for each in found)
            raise UsageError(
                f"{path}: several layouts found ({names}); choose one, such as "
                f'`layout="{found[0].format.name}"`'
            )
        known, splits = found[0].format, found[0].splits
    if split is None and len(splits) > 1:
        raise UsageError(
            f"{path}: several splits found ({', '.join(splits)}); choose one, such as "
            f'`split="{list(splits)[-1]}"`'
        )
    chosen = split or next(iter(splits))
    if chosen not in splits:
        raise UsageError(
            f"{path}: split must be one of {', '.join(splits)}, got {chosen!r}"
        )
    reading = known.read(splits[chosen], chosen)
    if not len(reading.annotations):
        raise BadAnnotation(splits[chosen], 0, f"must hold rows of {chosen}, got none")
    notes: tuple[str, ...] = ()
    if reading.problems:
        first = reading.problems[0]
        note = (
            f"annotations: {len(reading.problems):,} problems, the first: "
            f"{Path(first.path).name}:{first.line}: {first.text}; see data check"
        )
        notes = (note,)
    files = reading.annotations.files or (str(splits[chosen]),)
    annotations = reading.annotations
    if world := find_generated(path):
        annotations = replace(annotations, source=f"{world.name}, {chosen}")
    return Annotated(
        annotations=annotations,
        input=hash_files(splits[chosen].name, map(Path, dict.fromkeys(files))),
        layout=known.name,
        first_frame=known.first_frame,
        notes=notes,
    )


def fullest_layout(data: Path) -> str | None:
    """Return the layout with all tasks if `data` has it, else None."""
    found = {layout.format.name for layout in detect(data)}
    return ALL_TASKS if ALL_TASKS in found else None
