"""Annotations read from a data set, with the hashes of their files."""

from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.core.hashes import InputFiles, hash_files
from wildaffect.core.printable import counted
from wildaffect.core.tasks import Task
from wildaffect.formats.detect import FORMATS, detect
from wildaffect.formats.generated import find_generated
from wildaffect.formats.problems import Problem

ALL_TASKS = "affwild2-mtl"
"""Layout with labels of every task."""
MAX_ERROR_SHARE = 0.01
"""Maximum share of rows with errors in annotations that something is trained on."""


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
    license: str = ""
    """License of the data as far as the layout tells it."""
    errors: tuple[Problem, ...] = ()
    """Problems that lose a row, or mask a field: what `data check` reports as errors."""

    def check_for_training(self) -> None:
        """Refuse annotations that would be lost in silence.

        Raises:
            BadAnnotation: If more than 1 % of the rows have errors; it names the first.
        """
        rows = len({(error.path, error.line) for error in self.errors})
        total = len(self.annotations) + sum(each.kind.loses_row for each in self.errors)
        if rows > MAX_ERROR_SHARE * total:
            first = self.errors[0]
            raise BadAnnotation(
                first.path,
                first.line,
                f"{first.text}; {rows:,} of {total:,} rows have errors and would be lost, "
                f"the limit is {MAX_ERROR_SHARE:.0%}; see data check, correct them, or "
                "leave empty what is not annotated",
            )


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
    if known.terms:
        notes = (f"terms of the data: {known.terms}",)
    if reading.problems:
        first = reading.problems[0]
        note = (
            f"annotations: {counted(len(reading.problems), 'problem')}, the first: "
            f"{Path(first.path).name}:{first.line}: {first.text}; see data check"
        )
        notes += (note,)
    notes += _votes_notes(reading.annotations)
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
        license=known.license,
        errors=tuple(each for each in reading.problems if each.kind.is_error),
    )


def _votes_notes(annotations: Annotations) -> tuple[str, ...]:
    """Return a note on rows whose soft label has no class that scores compare with."""
    soft_alone = annotations.labeled(Task.EXPRESSION) & ~annotations.expression.valid
    if not soft_alone.any():
        return ()
    rows = counted(int(soft_alone.sum()), "row")
    note = (
        f"{annotations.source}: {rows} with a tie of votes on expressions, learned from "
        "and left out of scores of expressions"
    )
    return (note,)


def fullest_layout(data: Path) -> str | None:
    """Return the layout with all tasks if `data` has it, else None."""
    return ALL_TASKS if FORMATS.find(ALL_TASKS).find(data) else None
