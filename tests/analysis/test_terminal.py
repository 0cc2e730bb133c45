"""What is printed about finished files."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wildaffect.analysis.job import FileJob, FileReport
from wildaffect.analysis.options import ColumnOptions, ReadOptions
from wildaffect.analysis.terminal import MAX_SKIPPED, Terminal
from wildaffect.outputs.summary import Summarizer
from wildaffect.video.expand import Skipped

BROKEN = FileReport(source="a.mp4", error="a.mp4: ends after frame 3")
KEPT = FileReport(source="b.mp4", result=Path("b.csv"), was_finished=True)


def job(source):
    return FileJob(
        source=Path(source), results=(), read=ReadOptions(), columns=ColumnOptions()
    )


def printed(reports, capsys, **options):
    jobs = [job(report.source) for report in sorted(reports, key=lambda each: each.source)]
    options = {"jobs": jobs, "quiet": False, "as_json": False} | options
    terminal = Terminal(**options)
    with terminal.progress:
        for report in reports:
            terminal.add(report)
    terminal.close()
    return terminal, capsys.readouterr()


def test_errors_go_to_standard_error_and_are_counted_last(capsys):
    terminal, shown = printed([BROKEN, KEPT], capsys)
    assert terminal.has_errors
    assert shown.err.splitlines() == ["wildaffect: a.mp4: ends after frame 3"]
    first, last = shown.out.splitlines()
    assert first == "b.csv: finished before, left as it is"
    assert last == "nothing was analyzed; 1 finished before; 1 with errors"


def test_a_single_failed_file_has_no_last_line(capsys):
    _, shown = printed([BROKEN], capsys)
    assert shown.out == ""


def test_a_video_without_a_face_is_named(capsys):
    summary = Summarizer().run()
    report = FileReport(source="a.mp4", result=Path("a.csv"), summary=summary)
    _, shown = printed([report], capsys)
    assert shown.out.splitlines()[:2] == ["wrote a.csv", "no face was found in a.mp4"]


def test_a_report_does_not_begin_on_the_line_of_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", sys.stdout)  # as both are the same terminal
    terminal = Terminal(jobs=[job("a.mp4")], quiet=False, as_json=False)
    with terminal.progress:
        terminal.progress.show("other", 3, 10)
        terminal.add(FileReport(source="a.mp4", result=Path("a.csv")))
    before, _, after = capsys.readouterr().out.partition("wrote a.csv")
    assert "3/10" in before
    assert before.endswith("\x1b[2K"), "the bar is erased first"
    assert "3/10" in after, "the bar comes back"


def test_after_an_interrupt_what_is_unfinished_is_named(capsys, tmp_path):
    jobs = [
        replace(job(name), results=(tmp_path / f"{name}.csv",))
        for name in ("done", "begun")
    ]
    (tmp_path / "begun.csv.part").write_text("frame")
    Terminal(jobs=jobs, quiet=True, as_json=False).name_unfinished()
    Terminal(jobs=jobs, quiet=False, as_json=False).name_unfinished()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"unfinished: {tmp_path}/begun.csv.part; `wildaffect recover`")


def test_quiet_keeps_errors_and_the_last_line(capsys):
    _, shown = printed([BROKEN, KEPT], capsys, quiet=True)
    assert shown.err.splitlines() == ["wildaffect: a.mp4: ends after frame 3"]
    assert len(shown.out.splitlines()) == 1


def test_json_is_one_document_with_every_file(capsys):
    _, shown = printed([BROKEN, KEPT], capsys, as_json=True)
    document = json.loads(shown.out)
    assert [entry["source"] for entry in document["files"]] == ["a.mp4", "b.mp4"]
    assert document["files"][1]["was_finished"]
    assert (document["num_errors"], document["num_skipped"]) == (1, 0)


def test_the_document_has_the_order_of_the_inputs_however_they_ended(capsys):
    _, shown = printed([KEPT, BROKEN], capsys, as_json=True)
    files = json.loads(shown.out)["files"]
    assert [entry["source"] for entry in files] == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("num_more", [0, 5])
def test_skipped_files_are_named_up_to_a_limit_and_counted(capsys, num_more):
    skipped = [
        Skipped(path=Path(f"{number}.txt"), reason="no video or image")
        for number in range(MAX_SKIPPED + num_more)
    ]
    _, shown = printed([KEPT], capsys, skipped=skipped)
    lines = shown.err.splitlines()
    assert lines[0] == "skipped 0.txt: no video or image"
    assert len(lines) == MAX_SKIPPED + bool(num_more)
    assert not num_more or lines[-1] == f"skipped {num_more} more; --json names all"
    assert shown.out.splitlines()[-1].endswith(f"; {len(skipped)} skipped")
