"""Sources of the site: columns, navigation, the check of links; CI builds the site."""

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import check_site  # noqa: E402
import signal_pages  # noqa: E402


def test_every_column_belongs_to_one_signal():
    for column in signal_pages.all_columns():
        owners = [
            signal.name
            for signal in signal_pages.SIGNALS
            if re.fullmatch(signal.pattern, column.name)
        ]
        assert len(owners) == 1, f"{column.name}: {owners}"
    assert all(signal_pages.columns_of(signal) for signal in signal_pages.SIGNALS)


def test_a_page_of_a_signal_shows_source_check_misuse_and_columns():
    page = signal_pages.signal_pages()["gaze"]
    for text in ("**Source.**", "**How it was checked.**", "**When not to use it.**"):
        assert text in page
    assert "| `gaze_yaw_deg` | float32 | degrees |" in page


def test_every_page_is_in_the_navigation():
    sections = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    listed = {page for section in sections for pages in section.values() for page in pages}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages - listed == set()
    assert {name for name in listed if "/" not in name and name.endswith(".md")} == pages


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            '<a href="b.html#here">b</a><p id="here">',
            "b.html#here, which has no such place",
        ),
        ('<a href="gone.html">gone</a>', "links to gone.html, which is not there"),
        (
            '<script src="https://example.org/x.js"></script>',
            "requests https://example.org",
        ),
        ('<link rel="stylesheet" href="gone.css">', "loads gone.css, which is not there"),
        ('<a href="https://example.org/">elsewhere</a><a href="b.html">b</a>', ""),
    ],
)
def test_the_check_of_the_site_finds_broken_links_and_requests(tmp_path, body, fault):
    (tmp_path / "a.html").write_text(f"<html><body>{body}</body></html>")
    (tmp_path / "b.html").write_text("<html></html>")
    found = check_site.problems(tmp_path)
    assert len(found) == bool(fault)
    assert fault in "".join(found)


def test_styles_that_load_from_elsewhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text("<html></html>")
    (tmp_path / "a.css").write_text("@font-face { src: url(https://example.org/f.woff2) }")
    assert len(check_site.problems(tmp_path)) == 1
