"""Analyze with the flags of OpenFace's FeatureExtraction, and write its files.

Flags as in OpenFace, with one dash: -f FILE and -fdir DIR, also several times; -out_dir DIR
(processed by default); -of NAME; -aus, -pose, -gaze select columns, all by default. Flags
that have no effect here (-2Dfp, -3Dfp, -pdmparams, -tracked, -simalign, -hogalign,
-nobadaligned, -au_static, -wild, -q, -verbose, -oc, -multi_view, -fx, -fy, -cx, -cy) are
named in a note; others are errors.

Example: wildaffect openface -f clip.mp4 -out_dir processed -aus -pose
"""

from dataclasses import dataclass
from typing import Annotated

from wildaffect.cli.parser.marks import Invocation, Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Words of `openface`."""

    words: Annotated[tuple[str, ...], Positional("FLAG")]
    """Flags of OpenFace, with one dash."""


def invocation(words: list[str]) -> Invocation:
    """Return the call; flags with one dash are read by `run`, not as options."""
    is_help = bool({"-h", "--help"} & set(words))
    args = [] if is_help or not words else ["--", *words]
    return Invocation(record=Command, args=args, description=__doc__ or "")


def run(command: Command) -> int:
    """Analyze every input; return 1 if one of them failed or ended early."""
    import sys

    from wildaffect.core.printable import counted, printable
    from wildaffect.interchange.openface_flags import parse_openface
    from wildaffect.workflows.openface import run_openface

    call = parse_openface(command.words)
    for note in call.notes:
        print(f"wildaffect: {printable(note)}", file=sys.stderr)
    num_files = 0
    has_errors = False
    for report in run_openface(call):
        num_files += len(report.files)
        if report.error is not None:
            print(f"wildaffect: {printable(report.error)}", file=sys.stderr)
            has_errors = True
    print(f"{printable(call.folder)}: {counted(num_files, 'file')} written")
    return 1 if has_errors else 0
