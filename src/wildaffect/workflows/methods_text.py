"""Text for the methods section of a paper, from stored results."""

from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.outputs.find import find_results
from wildaffect.outputs.methods import describe_result
from wildaffect.outputs.methods import methods_text as text_of
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.workflows.summarize import Results

NEEDED = ("wildaffect_version", "artifact", "options", "source", "columns")


def methods_text(results: Results) -> str:
    """Return a paragraph on how results were made, and what has to be added by hand.

    Args:
        results: Tables, and folders with tables, as `analyze` wrote them.

    Raises:
        OutputError: If a path does not exist, a result has no complete sidecar, or a table
            cannot be read or has no rows.
    """
    described = []
    for path in find_results([results] if isinstance(results, str | Path) else results):
        sidecar = read_sidecar(path)
        missing = [name for name in NEEDED if not (sidecar or {}).get(name)]
        if sidecar is None or missing:
            raise OutputError(
                f"{path}: the sidecar must describe how the result was made, got "
                f"{'no ' + missing[0] if sidecar else 'none'}; analyze the source again"
            )
        table = read_table(path)
        if not table.num_rows:
            raise OutputError(f"{path}: must have rows, got none")
        described.append(describe_result(sidecar, table))
    return text_of(described)
