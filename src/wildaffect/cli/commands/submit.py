"""Write a challenge submission from predictions, or check one.

Examples:
    wildaffect submit predictions.csv --list MTL.txt --track mtl -o submission.txt

    wildaffect submit --check submission.txt --list MTL.txt
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.errors import UsageError
from wildaffect.formats.frame_lists import FrameList, Track, read_frame_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect submit`."""

    predictions: Annotated[Path | None, Positional("PREDICTIONS")] = None
    """Table with an image column, or folder of result tables named after the videos."""
    list: Path
    """Official test list; its order and repeats are kept."""
    track: Track | None = None
    """Challenge track; required if the header of the list does not state it."""
    output: Path | None = None
    """File to write."""
    check: Path | None = None
    """Check this submission instead of writing one; faults give exit status 1."""
    max_faults: int = 20
    """Maximum number of faults to print; all are counted."""
    json: bool = False
    """Print the result as JSON on standard output."""


def run(command: Command) -> int:
    """Write or check a submission; return 1 if the checked one has faults."""
    if command.check is not None:
        if command.predictions or command.output:
            raise UsageError(
                "submit: --check cannot be combined with PREDICTIONS or --output"
            )
        return _check(command, command.check)
    if command.predictions is None or command.output is None:
        raise UsageError("submit: give PREDICTIONS with -o FILE, or --check FILE")
    return _write(command, command.predictions, command.output)


def _write(command: Command, predictions: Path, out: Path) -> int:
    from wildaffect.evaluation.submission_rows import read_submission_rows
    from wildaffect.formats.submission import write_submission

    frames = read_frame_list(command.list)
    track = _track(command, frames)
    rows = read_submission_rows(predictions)
    filled = write_submission(rows, frames, track=track, path=out)
    if command.json:
        print(json.dumps({"output": str(out), "track": track, **asdict(filled)}))
        return 0
    for note in (*rows.notes, *filled.notes()):
        print(f"note: {note}", file=sys.stderr)
    print(
        f"{out}: {filled.num_rows:,} rows for track {track}; "
        f"check it: wildaffect submit --check {out} --list {command.list}"
    )
    return 0


def _check(command: Command, submission: Path) -> int:
    from wildaffect.formats.submission_check import check_submission

    frames = read_frame_list(command.list)
    track = _track(command, frames)
    faults = check_submission(submission, frames, track)
    if command.json:
        rows = [
            {"line": fault.line, "kind": fault.kind, "text": fault.text} for fault in faults
        ]
        print(json.dumps({"path": str(submission), "track": track, "faults": rows}))
        return 1 if faults else 0
    for fault in faults[: command.max_faults]:
        print(fault)
    if faults:
        hidden = len(faults) - command.max_faults
        more = f" ({hidden:,} not shown; --max-faults shows more)" if hidden > 0 else ""
        print(f"{submission}: {len(faults):,} faults for track {track}{more}")
        return 1
    print(f"{submission}: no fault; {len(frames):,} rows for track {track}")
    return 0


def _track(command: Command, frames: FrameList) -> Track:
    track = command.track or frames.track
    if track is None:
        raise UsageError(
            f"{command.list}: cannot tell the track from the header; add --track, one of "
            f"{', '.join(Track)}"
        )
    return track
