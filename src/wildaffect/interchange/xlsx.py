"""Result tables as workbooks of spreadsheets (`.xlsx`); needs the extra `xlsx`."""

import io
import math

import pyarrow as pa

from wildaffect.core.errors import MissingExtra, OutputError
from wildaffect.interchange.export import ConvertOptions, Export, ExportFile
from wildaffect.interchange.stored import StoredResult

MAX_ROWS = 1_048_576
"""Rows of a sheet, with the header."""
_NOTES = ("Text is stored as text: nothing in it is computed. Empty cells are missing.",)


def write_xlsx(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return the table as a workbook with one sheet.

    Raises:
        MissingExtra: If xlsxwriter is not installed.
        OutputError: If there are more rows than a sheet can have.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("convert --format xlsx", "xlsx") from error
    if len(result) >= MAX_ROWS:
        raise OutputError(
            f"{result.path}: a sheet has at most {MAX_ROWS - 1:,} rows, got "
            f"{len(result):,}; use the table itself"
        )
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("rows")
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(result.table.column_names):
            sheet.write_string(0, place, name)
            column = result.table[name]
            is_text = pa.types.is_string(column.type)
            for row, cell in enumerate(column.to_pylist(), 1):
                if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
                    continue
                if is_text:
                    sheet.write_string(row, place, cell)
                elif isinstance(cell, bool):
                    sheet.write_boolean(row, place, cell)
                else:
                    sheet.write_number(row, place, cell)
    file = ExportFile(name=f"{result.path.stem}.xlsx", content=content.getvalue())
    return Export(files=(file,), notes=_NOTES)
