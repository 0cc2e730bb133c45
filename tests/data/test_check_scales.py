"""Ratings and intensities in a data check; values are invented."""

from io import StringIO

from rich.console import Console

from wildaffect.data.check_findings import Level
from wildaffect.data.check_report import check_data
from wildaffect.formats.detect import detect
from wildaffect.reporting.tables import terminal_table


def test_data_check_counts_ratings_and_names_what_is_out_of_range(tmp_path):
    lines = ("image,pain[0..10],AU06_intensity", "1.jpg,7,", "2.jpg,3,5", "3.jpg,12,")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    (found,) = detect(tmp_path)
    report = check_data(tmp_path, found, images=None, max_images=0)
    tables = {table.title: table.rows for table in report.tables}
    assert tables["Dimensions"] == (("pain [0, 10]", "all", "2", "3", "5", "7"),)
    assert tables["Intensities"] == (("AU06_intensity [0, 5]", "all", "1", "5", "5", "5"),)
    (finding,) = [found for found in report.findings if found.level is Level.ERROR]
    assert ":4: pain[0..10] must lie in [0, 10], got '12'" in finding.examples[0]
    assert report.count(Level.NOTE) == 1  # the third row has no label


def test_a_table_of_scales_is_whole_in_a_terminal_of_80_columns(tmp_path):
    rows = [f"{i}.jpg,{split},7.25,4.5" for i, split in enumerate(("train", "val", "test"))]
    lines = ["image,split,pain[0..10],AU06_intensity", *rows]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    (found,) = detect(tmp_path)
    report = check_data(tmp_path, found, images=None, max_images=0)
    console = Console(width=80, file=StringIO())
    for table in report.tables[-2:]:
        console.print(terminal_table(table))
    printed = console.file.getvalue().splitlines()
    shown = [line.split() for line in printed if line.startswith(("pain", "AU06_int"))]
    assert shown[1] == ["pain", "[0,", "10]", "val", "1", "7.25", "7.25", "7.25"]
    assert [line[3] for line in shown] == ["train", "val", "test"] * 2
