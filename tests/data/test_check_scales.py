"""Ratings and intensities in a data check; values are invented."""

from wildaffect.data.check_findings import Level
from wildaffect.data.check_report import check_data
from wildaffect.formats.detect import detect


def test_data_check_counts_ratings_and_names_what_is_out_of_range(tmp_path):
    lines = ("image,pain[0..10],AU06_intensity", "1.jpg,7,", "2.jpg,3,5", "3.jpg,12,")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    (found,) = detect(tmp_path)
    report = check_data(tmp_path, found, images=None, max_images=0)
    tables = {table.title: table.rows for table in report.tables}
    assert tables["Dimensions"] == (("pain [0, 10]", "2: 3 to 7, mean 5"),)
    assert tables["Intensities"] == (("AU06_intensity [0, 5]", "1: 5 to 5, mean 5"),)
    (finding,) = [found for found in report.findings if found.level is Level.ERROR]
    assert ":4: pain[0..10] must lie in [0, 10], got '12'" in finding.examples[0]
    assert report.count(Level.NOTE) == 1  # the third row has no label
