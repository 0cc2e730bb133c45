"""Pages and the command, on the invented rows of conftest.py."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from wildaffect.cli.main import main
from wildaffect.data.annotated import read_annotated
from wildaffect.evaluation.evaluate import Evaluation, evaluate
from wildaffect.evaluation.pages.markdown import to_markdown
from wildaffect.evaluation.pages.page import to_html
from wildaffect.evaluation.protocols import protocol_of_layout
from wildaffect.evaluation.scoring import Settings
from wildaffect.evaluation.tables import read_predictions

VOID = {"meta", "br", "hr"}


class Balanced(HTMLParser):
    """Fails on a tag that closes another than the one last opened."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.references = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.references += [value for name, value in attrs if name in {"src", "href"}]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def evaluating(predictions, truth):
    """Return the words of a short command."""
    files = [str(predictions), "--annotations", str(truth)]
    return ["evaluate", *files, "--resamples", "50"]


@pytest.fixture
def report(truth, prediction_file):
    annotated = read_annotated(truth)
    table = read_predictions(prediction_file)
    settings = Settings(num_resamples=50)
    evaluation = Evaluation(
        annotated=annotated,
        protocol=protocol_of_layout(annotated.layout),
        settings=settings,
    )
    return evaluate(table, evaluation, table)


def test_the_page_is_well_formed_and_refers_to_nothing_outside(report):
    page = to_html(report)
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.references == []
    assert not re.search(r"https?://|@import|url\(|<script", page)


def test_every_plot_is_xml_with_a_label(report):
    plots = re.findall(r"<svg.*?</svg>", to_html(report), re.DOTALL)
    roots = [ET.fromstring(plot) for plot in plots]
    # Labels, matrix, densities, traces, differences that are defined.
    defined = sum(d.score.value is not None for d in report.comparison.differences)
    assert len(roots) == 8 + 12 + 1 + 4 + len(report.traces) + defined
    assert all(root.get("aria-label") and root.get("role") == "img" for root in roots)


def test_names_of_files_cannot_break_the_page(truth, prediction_file):
    evil = prediction_file.with_name("<b>&x.csv")
    evil.write_text(prediction_file.read_text())
    annotated = read_annotated(truth)
    evaluation = Evaluation(
        annotated=annotated,
        protocol=protocol_of_layout(annotated.layout),
        settings=Settings(num_resamples=1),
    )
    page = to_html(evaluate(read_predictions(evil), evaluation))
    assert "<b>&x" not in page
    assert "&lt;b&gt;&amp;x.csv" in page


def test_markdown_has_whole_tables_and_the_hashes(report):
    page = to_markdown(report)
    assert report.predictions.sha256 in page
    tables = re.findall(r"(?:^\|.*\|\n?)+", page, re.MULTILINE)
    assert len(tables) >= 6
    for table in tables:
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1


def test_the_command_prints_and_writes_a_report(truth, prediction_file, tmp_path, capsys):
    page = tmp_path / "out" / "report.html"
    args = evaluating(prediction_file, truth)
    assert main([*args, "--report", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "abaw-mtl: P 0.758" in printed
    assert "Not declared whether anything was tuned" in printed
    assert page.read_text().startswith("<!doctype html>")


def test_a_number_with_departures_is_never_shown_as_the_official_one(
    truth, prediction_file, capsys
):
    prediction_file.write_text(
        "\n".join(prediction_file.read_text().splitlines()[:-2]) + "\n"
    )
    args = evaluating(prediction_file, truth)
    pages = [prediction_file.with_name(name) for name in ("r.html", "r.md")]
    for page in pages:
        assert main([*args, "--missing", "skip", "--report", str(page)]) == 0
        assert "P, with departures" in page.read_text()
    assert "abaw-mtl: P, with departures 0." in capsys.readouterr().out


def test_what_the_other_system_lacks_is_on_every_page(truth, prediction_file, capsys):
    other = prediction_file.with_name("other.csv")
    other.write_text("\n".join(prediction_file.read_text().splitlines()[:-2]) + "\n")
    args = [*evaluating(prediction_file, truth), "--missing", "skip"]
    for page in (prediction_file.with_name("r.html"), prediction_file.with_name("r.md")):
        flags = ["--against", str(other), "--report", str(page)]
        assert main([*args, *flags]) == 0
        assert "The other: valence: 2 of 8 frames" in page.read_text()
    assert "the other departs" in capsys.readouterr().out


def test_the_command_gives_json_alone_to_a_script(truth, prediction_file, capsys):
    args = evaluating(prediction_file, truth)
    assert main([*args, "--json", "--against", str(prediction_file)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["protocol"] == "abaw-mtl"
    assert document["comparison"]["differences"][0]["score"]["value"] == 0


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--protocol", "abaw-mlt"], 2, "no protocol 'abaw-mlt'; did you mean abaw-mtl"),
        (["--report", "r.pdf"], 2, "r.pdf: a report must end in .html, .md or .json"),
        (["--resamples", "0"], 2, "resamples must be at least 1"),
        (["--seed", "-1"], 2, "seed must be at least 0"),
        (["--layout", "affwild2-va"], 1, "the header must read 'valence,arousal'"),
        (["--split", "test"], 2, "split must be one of val, got 'test'"),
        (["--map-classes", "none.json"], 1, "none.json: the file must be readable"),
        (["--map-classes", "documented"], 1, "there must be a table from abaw-exp"),
        (["--tuned-on", "none.txt"], 1, "none.txt: the file must be readable"),
        (["--against", "none.csv"], 1, "no such file: none.csv"),
    ],
)
def test_wrong_flags_end_in_one_line(
    truth, prediction_file, capsys, flags, status, message
):
    args = ["evaluate", str(prediction_file), "--annotations", str(truth), *flags]
    assert main(args) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("wildaffect: ")
    assert error.count("\n") == 1


def test_classes_of_ones_own_are_mapped_by_a_file(truth, prediction_file, tmp_path, capsys):
    prediction_file.write_text(prediction_file.read_text().replace("Happiness", "happy"))
    args = evaluating(prediction_file, truth)
    assert main(args) == 1
    assert "got 'happy'" in capsys.readouterr().err
    names = "Neutral Anger Disgust Fear Sadness Surprise Other".split()
    class_map = tmp_path / "classes.json"
    class_map.write_text(json.dumps({n: n for n in names} | {"happy": "Happiness"}))
    assert main([*args, "--map-classes", str(class_map)]) == 0
    assert "P 0.758" in capsys.readouterr().out
    class_map.write_text(json.dumps({n: n for n in names} | {"happy": "Joy"}))
    assert main([*args, "--map-classes", str(class_map)]) == 1
    assert "got 'Joy'" in capsys.readouterr().err


def test_a_submission_is_scored_as_it_stands(truth, capsys):
    submission = truth.with_name("submission.txt")
    submission.write_text(truth.read_text())
    assert main(evaluating(submission, truth)) == 0
    # 1 + 3/8 + 1/12: five classes and eleven units never occur, and count as 0.
    assert "P 1.458" in capsys.readouterr().out
