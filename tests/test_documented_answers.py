"""The pages that answer a question print what they show."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wildaffect
from wildaffect.cli.main import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT / "scripts"))
import run_notebooks  # noqa: E402

PAGES = ("count-smiles", "look-away", "align-with-a-transcript", "../README")
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


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(run_notebooks.NOTEBOOKS.glob("*.ipynb")), ids=str)
def test_notebooks_print_what_they_store(demo, path, monkeypatch):
    monkeypatch.chdir(demo)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    shown = run_notebooks.printed(notebook)
    assert any(shown)
    assert [text.split() for text in shown] == [
        text.split() for text in run_notebooks.stored(notebook)
    ]


@pytest.mark.slow
def test_a_result_is_read_in_r(demo):
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    call = ["Rscript", str(ROOT / "examples/read_results.R"), "demo-results/people.csv"]
    shown = subprocess.run(
        call, cwd=demo, capture_output=True, text=True, check=True
    ).stdout
    table = wildaffect.read_table(demo / "demo-results/people.csv").to_pandas()
    read = table[table["status"] == "ok"]
    rows = [
        line.split() for line in shown.splitlines() if line.strip().startswith("people")
    ]
    means = read.groupby("track_id")["valence"].mean()
    counts = read.groupby("track_id")["valence"].size()
    assert {int(row[1]): int(row[3]) for row in rows} == counts.to_dict()
    for row in rows:
        assert float(row[2]) == pytest.approx(means[int(row[1])], abs=5e-4)
