"""Check of a submission against its list; every error is reported with its line."""

import re
from collections.abc import Iterator
from pathlib import Path

from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS, ABAW_EXPRESSIONS
from wildaffect.formats.frame_lists import HEADERS, FrameList, Track
from wildaffect.formats.lines import read_text
from wildaffect.formats.problems import Kind, Problem

_REAL = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_UNITS = tuple(f"AU{number}" for number in ABAW_ACTION_UNIT_NUMBERS)
_FIELDS = {
    Track.MTL: ("valence", "arousal", "expression", *_UNITS),
    Track.VA: ("valence", "arousal"),
    Track.EXPR: ("expression",),
    Track.AU: _UNITS,
}
_CLASSES = tuple(str(code) for code in range(len(ABAW_EXPRESSIONS)))


def check_submission(path: Path, frames: FrameList, track: Track) -> tuple[Problem, ...]:
    """Return every error, in the order of the lines; empty for a valid submission.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If it is not a text file.
    """
    data = read_text(path)
    rows = data.decode().split("\n") if data else []
    faults = list(_check_header(path, rows, track))
    faults += _check_images(path, rows[1:], frames)
    for line, row in enumerate(rows[1:], 2):
        faults += _check_fields(path, line, row, track)
    return tuple(sorted(faults, key=lambda fault: fault.line))


def _check_header(path: Path, rows: list[str], track: Track) -> Iterator[Problem]:
    expected = HEADERS[track]
    header = rows[0] if rows else ""
    with path.open("rb") as file:
        has_mark = file.read(3) == b"\xef\xbb\xbf"
    if header != expected or has_mark:
        got = "a byte order mark before it" if has_mark else repr(header[:80])
        text = f"the header must read {expected!r}, got {got}"
        yield Problem(str(path), 1, Kind.WRONG_HEADER, text)


def _check_images(path: Path, rows: list[str], frames: FrameList) -> Iterator[Problem]:
    """Compare both lists; resynchronize after missing or additional rows."""
    got = [row.split(",", 1)[0] for row in rows]
    want = frames.images
    row = listed = 0
    while row < len(got) and listed < len(want):
        line = row + 2
        if got[row] == want[listed]:
            row, listed = row + 1, listed + 1
        elif listed + 1 < len(want) and got[row] == want[listed + 1]:
            yield _missing(path, line, frames, listed)
            listed += 1
        elif row + 1 < len(got) and got[row + 1] == want[listed]:
            yield _extra(path, line, got[row])
            row += 1
        else:
            yield Problem(
                str(path),
                line,
                Kind.WRONG_IMAGE,
                f"the image must be {want[listed]!r} (line {frames.lines[listed]} of the "
                f"list), got {got[row][:60]!r}",
            )
            row, listed = row + 1, listed + 1
    for rest in range(row, len(got)):
        yield _extra(path, rest + 2, got[rest])
    for rest in range(listed, len(want)):
        yield _missing(path, len(got) + 2, frames, rest)


def _missing(path: Path, line: int, frames: FrameList, listed: int) -> Problem:
    text = (
        f"a row for {frames.images[listed]!r} must stand here (line "
        f"{frames.lines[listed]} of the list), got none; keep every repeat and the order"
    )
    return Problem(str(path), line, Kind.MISSING_ROW, text)


def _extra(path: Path, line: int, image: str) -> Problem:
    text = f"the list requests no row at this place, got {image[:60]!r}"
    return Problem(str(path), line, Kind.EXTRA_ROW, text)


def _check_fields(path: Path, line: int, row: str, track: Track) -> Iterator[Problem]:
    names = _FIELDS[track]
    fields = row.split(",")[1:]
    if len(fields) != len(names):
        text = f"a row must have {len(names) + 1} fields, got {len(fields) + 1}"
        yield Problem(str(path), line, Kind.UNREADABLE_ROW, text)
        return
    for name, field in zip(names, fields, strict=True):
        fault = _fault(name, field)
        if fault:
            kind, rule = fault
            yield Problem(str(path), line, kind, f"{name} must {rule}, got {field[:40]!r}")


def _fault(name: str, field: str) -> tuple[Kind, str] | None:
    if name in {"valence", "arousal"}:
        if not _REAL.fullmatch(field):
            return Kind.UNREADABLE_VALUE, "be a plain number"
        return None if abs(float(field)) <= 1 else (Kind.OUT_OF_RANGE, "lie in [-1, 1]")
    allowed = _CLASSES if name == "expression" else ("0", "1")
    if field in allowed:
        return None
    kind = Kind.OUT_OF_RANGE if re.fullmatch("-?[0-9]+", field) else Kind.UNREADABLE_VALUE
    return kind, f"be one of {', '.join(allowed)}"
