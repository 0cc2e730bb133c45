"""The design of a study: which result belongs to which participant and condition."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from wildaffect.core.errors import UsageError

NEEDED = ("video", "participant", "condition")
OPTIONAL = ("track_id", "onset_s", "baseline_start_s", "baseline_stop_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One video, or a part of it, of one participant in one condition."""

    line: int
    """Line in the study file."""
    video: str
    participant: str
    condition: str
    track_id: int | None = None
    """Person in the video; the one with most usable frames by default."""
    onset_s: float = 0.0
    """Time of the stimulus in the video."""
    baseline_s: tuple[float, float] | None = None
    """Interval in the video that the signals are corrected by."""

    @property
    def name(self) -> str:
        """Return where the trial comes from, for messages."""
        return f"line {self.line} ({self.video})"


def read_design(path: Path) -> tuple[Trial, ...]:
    """Read a study file: CSV with a header and a line per trial.

    Columns are `video`, `participant` and `condition`, and if wanted `track_id`, `onset_s`
    (0 by default), `baseline_start_s` and `baseline_stop_s`.

    Raises:
        UsageError: If the file cannot be read, a column is missing or unknown, a cell is no
            number, or a trial is listed twice; with file and line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _check_header(path, tuple(reader.fieldnames or ()))
            trials = tuple(
                _trial(path, reader.line_num, row)
                for row in reader
                if any(cell for cell in row.values())
            )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read: {reason}") from error
    if not trials:
        raise UsageError(f"{path}: no trials; add a line per video")
    seen: dict[tuple[object, ...], int] = {}
    for trial in trials:
        key = (
            trial.video,
            trial.track_id,
            trial.participant,
            trial.condition,
            trial.onset_s,
        )
        if key in seen:
            raise UsageError(
                f"{path}: line {trial.line}: the same trial is in line {seen[key]}"
            )
        seen[key] = trial.line
    return trials


def _check_header(path: Path, names: tuple[str, ...]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise UsageError(
            f"{path}: line 1: no column {', '.join(missing)}"
            f"{' (separate columns by commas)' if len(names) < 2 else ''}; a study file "
            f"has {', '.join(NEEDED)} and may have {', '.join(OPTIONAL)}"
        )
    unknown = [name for name in names if name not in NEEDED + OPTIONAL]
    if unknown:
        raise UsageError(
            f"{path}: line 1: unknown column {', '.join(unknown)}; known are "
            f"{', '.join(NEEDED + OPTIONAL)}"
        )
    if ("baseline_start_s" in names) != ("baseline_stop_s" in names):
        raise UsageError(
            f"{path}: line 1: baseline_start_s and baseline_stop_s go together, got one"
        )


def _trial(path: Path, line: int, row: Mapping[str, str | None]) -> Trial:
    where = f"{path}: line {line}"
    if None in row:
        raise UsageError(f"{where}: more cells than columns")
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    for name in NEEDED:
        if not cells[name]:
            raise UsageError(f"{where}: {name} is empty")
    track = _number(where, "track_id", cells)
    if track is not None and (track < 0 or track != int(track)):
        raise UsageError(f"{where}: track_id must be a whole number from 0, got {track:g}")
    start_s = _number(where, "baseline_start_s", cells)
    stop_s = _number(where, "baseline_stop_s", cells)
    if (start_s is None) != (stop_s is None):
        raise UsageError(f"{where}: the baseline must have start and stop, got one")
    if start_s is not None and stop_s is not None and stop_s <= start_s:
        raise UsageError(
            f"{where}: the baseline must stop after it starts, got {start_s:g} to "
            f"{stop_s:g}"
        )
    return Trial(
        line=line,
        video=cells["video"],
        participant=cells["participant"],
        condition=cells["condition"],
        track_id=None if track is None else int(track),
        onset_s=_number(where, "onset_s", cells) or 0.0,
        baseline_s=None if start_s is None or stop_s is None else (start_s, stop_s),
    )


def _number(where: str, name: str, cells: Mapping[str, str]) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise UsageError(f"{where}: {name} must be a number, got {text!r}")
    return value
