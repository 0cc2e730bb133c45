"""Workbooks, read by openpyxl."""

import io

import pytest
from interchange_columns import columns_of, without_face

from wildaffect.interchange.export import ConvertOptions
from wildaffect.interchange.xlsx import write_xlsx

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")


def test_a_workbook_has_the_cells_of_the_table_and_computes_nothing(store):
    columns = columns_of(3)
    columns["source"] = ["=1+1"] * 3
    result = store(without_face(columns, 1))
    (file,) = write_xlsx(result, ConvertOptions()).files
    assert file.name == "clip.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(file.content))["rows"]
    header, *rows = ([cell.value for cell in row] for row in sheet.rows)
    assert header == result.table.column_names
    place = header.index("AU12")
    assert rows[0][place] == pytest.approx(columns["AU12"][0])
    assert rows[1][place] is None
    assert rows[0][header.index("AU12_present")] is columns["AU12_present"][0]
    assert sheet["A2"].value == "=1+1"
    assert sheet["A2"].data_type == "s"
