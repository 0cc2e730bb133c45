"""Analyze sample pictures that ship with the package, without network access.

Example: wildaffect demo -o demo-results
"""

import shutil
from dataclasses import dataclass
from math import isfinite
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `demo`."""

    output: Path = Path("demo-results")
    """Folder for clip, tables and overlays; created if missing."""


def run(command: Command) -> int:
    """Write the sample inputs, analyze them, and print where the results are."""
    from wildaffect.cli.commands.analyze import Command as Analyze
    from wildaffect.cli.commands.analyze import run as analyze
    from wildaffect.core.files import make_folder
    from wildaffect.demo.clip import PORTRAIT, write_demo_clip
    from wildaffect.demo.compare import CLIP

    folder = command.output
    make_folder(folder)
    inputs = [folder / name for name in ("clip.mp4", "portrait.jpg", "people.mp4")]
    write_demo_clip(inputs[0])
    shutil.copyfile(PORTRAIT, inputs[1])
    shutil.copyfile(CLIP, inputs[2])
    status = analyze(
        Analyze(inputs=tuple(map(str, inputs)), output=str(folder), overlay=True)
    )
    _show_truth(folder)
    print(
        f"\nLook at {folder / 'clip.overlay.mp4'} and {folder / 'people.overlay.mp4'}; "
        f"the tables are {folder / 'clip.csv'} and {folder / 'people.csv'}.\n"
        "The output is what observers might perceive, never what a person feels;\n"
        "docs/accuracy.md reports the accuracy on photographs of real faces.\n"
        "Your own video: wildaffect analyze VIDEO --overlay"
    )
    return status


def _show_truth(folder: Path) -> None:
    from pyarrow import csv

    from wildaffect.core.console import Console
    from wildaffect.demo.compare import compare
    from wildaffect.reporting.tables import TextTable, terminal_table

    compared = compare(folder / "people.csv")
    path = folder / "people.truth.csv"
    csv.write_csv(compared.rows, path)
    rows = []
    for agreement in compared.agreements:
        is_defined = isfinite(agreement.correlation)  # not for a constant ground truth
        found = (agreement.correlation, agreement.concordance)
        cells = [f"{value:+.2f}" if is_defined else "-" for value in found]
        rows.append((agreement.name, *cells))
    print(
        f"\nGround truth and prediction, synthetic people: {compared.num_found} of "
        f"{compared.num_visible} visible faces found"
    )
    header = ("value", "correlation", "concordance")
    table = TextTable(header=header, rows=tuple(rows))
    Console(highlight=False).print(terminal_table(table))
    num_tracks = len(set(compared.rows["track_id"].to_pylist()))
    print(
        "- where the truth does not vary; "
        f"{num_tracks} short appearances, no evidence of accuracy on real people;\n"
        f"frame by frame in {path}"
    )
