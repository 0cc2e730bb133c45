"""Recover results from the .part file of an interrupted run.

Example: wildaffect recover wildaffect-results/clip.parquet.part
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `recover`."""

    part: Annotated[Path, Positional("FILE")]
    """File that ends in .part; its complete rows are kept."""


def run(command: Command) -> int:
    """Write the result under its final name, marked as incomplete in its sidecar."""
    from wildaffect.outputs.table import read_table, recover

    result = recover(command.part)
    print(f"wrote {result}: {read_table(result).num_rows} rows, incomplete")
    return 0
