"""Compare results with the tables of other programs, or of another model."""

from pathlib import Path

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import write_whole
from wildaffect.interchange.agreement import Agreement, compare_tables
from wildaffect.interchange.agreement_pages import (
    agreement_html,
    agreement_json,
    agreement_markdown,
)
from wildaffect.interchange.read import read_faces

REPORTS = {".html": agreement_html, ".md": agreement_markdown, ".json": agreement_json}


def agreement(
    ours: str | Path,
    theirs: str | Path,
    *,
    shift_s: float = 0.0,
    report: str | Path | None = None,
) -> Agreement:
    """Return how far two tables of the same video agree, signal by signal.

    Frames are matched by their time in the media, to the nearest within half a frame, or by
    their number where a program writes no time; faces by their boxes. Rows in which a
    program read no face are left out, whatever it wrote there.

    Args:
        ours: Result table.
        theirs: Table of OpenFace 2 or 3, Py-Feat, LibreFace, or another result.
        shift_s: Seconds to add to the times of `theirs`; the report has an estimate.
        report: File to write, .html, .md or .json.

    Raises:
        UsageError: If the report has another suffix.
        OutputError: If a file is missing, damaged or of an unknown program, the tables have
            no frame in common, or faces cannot be told apart; or the report cannot be
            written.
    """
    path = None if report is None else Path(report)
    if path is not None and path.suffix.lower() not in REPORTS:
        raise UsageError(
            f"{path}: report must end in {', '.join(REPORTS)}, got {path.suffix!r}"
        )
    found = compare_tables(read_faces(ours), read_faces(theirs), shift_s)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, REPORTS[path.suffix.lower()](found).encode())
        except OSError as error:
            raise OutputError(
                f"{path}: report must be writable, got {error.strerror or error}"
            ) from error
    return found
