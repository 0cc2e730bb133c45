"""Make a result of the part file that a stopped run left behind.

Example: wildaffect recover wildaffect-results/clip.parquet.part
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `recover`."""

    part: Annotated[Path, tyro.conf.Positional]
    """A file that ends in .part; its whole rows are kept."""


def run(command: Command) -> int:
    """Write the result under its final name; its sidecar calls it incomplete."""
    from wildaffect.outputs.table import read_table, recover

    result = recover(command.part)
    print(f"wrote {result}: {read_table(result).num_rows} rows, not complete")
    return 0
