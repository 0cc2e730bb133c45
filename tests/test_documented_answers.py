"""The pages that answer a question print what they show."""

import re
from pathlib import Path

import pytest

from wildaffect.cli.main import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("count-smiles", "look-away", "align-with-a-transcript")
"""Pages whose scripts read the results of `wildaffect demo`."""
SHOWN = re.compile(r"^```python\n(.*?)^```\n\n```\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return a folder with the results of the demo and their summary."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "-o", str(folder / "demo-results")]) == 0
    summary = ["summarize", str(folder / "demo-results"), "-o", str(folder / "summary.csv")]
    assert main(summary) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_scripts_print_what_the_page_shows(demo, page, monkeypatch, capsys):
    monkeypatch.chdir(demo)
    found = SHOWN.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert found
    for script, shown in found:
        capsys.readouterr()
        exec(script, {})
        printed = capsys.readouterr().out
        assert [line.split() for line in printed.splitlines()] == [
            line.split() for line in shown.splitlines()
        ]


@pytest.mark.slow
def test_the_methods_paragraph_is_that_of_the_page(demo, capsys):
    page = (DOCS / "reporting-guide.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    capsys.readouterr()
    assert main(["methods", str(demo / "demo-results" / "clip.csv")]) == 0
    assert capsys.readouterr().out.split() == shown.split()
