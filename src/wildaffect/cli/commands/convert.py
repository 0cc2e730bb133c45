"""Write results as files of OpenFace, Py-Feat, ELAN, Praat and other programs.

Examples:
    wildaffect convert wildaffect-results --format openface -o openface

    wildaffect convert clip.csv --format elan -o elan
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `convert`."""

    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""
    format: Literal[
        "openface",
        "openface-a",
        "openface-b",
        "openface-c",
        "pyfeat",
        "libreface",
        "arkit",
        "elan",
        "textgrid",
        "boris",
        "label-studio",
        "xlsx",
    ]
    """Format to write."""
    output: Path
    """Folder for the files; created if missing."""
    openface_r: Literal["intensity", "probability5"] = "intensity"
    """Source of OpenFace's columns `_r`: the intensities that a model predicts, or 5 times
    the probability, which is no intensity."""
    openface_all_columns: bool = False
    """Write all columns of OpenFace in their places, empty where there is no value, for
    scripts that count columns."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Convert every result; return 1 if one could not be converted."""
    import sys

    from wildaffect.core.errors import UsageError
    from wildaffect.core.printable import counted, printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.convert import convert

    if not command.results:
        raise UsageError("convert: no result given; name a table or a folder of tables")
    num_files = num_failed = 0
    with ProgressDisplay(quiet=command.quiet) as display:
        for report in convert(
            command.results,
            command.output,
            format=command.format,
            openface_r=command.openface_r,
            openface_all_columns=command.openface_all_columns,
            on_result=lambda _name, done, total: display.show("results", done, total),
        ):
            if report.error is not None:
                print(f"wildaffect: {printable(report.error)}", file=sys.stderr)
                num_failed += 1
            num_files += len(report.files)
    failed = f", {counted(num_failed, 'result')} failed" if num_failed else ""
    print(
        f"{printable(str(command.output))}: {counted(num_files, 'file')} written{failed}"
        + ("; notes on scales and omissions are in the .json beside each" * bool(num_files))
    )
    return 1 if num_failed else 0
