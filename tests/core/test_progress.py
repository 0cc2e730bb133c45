import time

import pytest

from wildaffect.core.progress import ProgressDisplay


def wait_for(capsys, words, timeout_s=10.0):
    seen, until_s = "", time.monotonic() + timeout_s
    while words not in seen and time.monotonic() < until_s:
        time.sleep(0.02)
        seen += capsys.readouterr().err
    return seen


def test_a_log_gets_plain_lines_of_rows_that_changed(capsys):
    with ProgressDisplay(first_line_s=0.05) as progress:
        progress.show("clip", 3, 10, text="clip, 25 frames/s")
        progress.show("videos", 1)
        progress.show("reading")
        seen = wait_for(capsys, "reading")
        assert seen == "clip, 25 frames/s 3/10\nvideos 1/?\nreading\n"
        progress.remove("videos")
        progress.show("clip", 4, 10)
        assert wait_for(capsys, "4/10") == "clip 4/10\n"


def test_short_work_and_quiet_work_show_nothing(capsys):
    with ProgressDisplay() as progress:
        progress.show("clip", 3, 10)
    with ProgressDisplay(quiet=True, first_line_s=0.01) as progress:
        progress.show("clip", 3, 10)
        time.sleep(0.1)
        progress.print("clip: 2 frames do not decode")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "clip: 2 frames do not decode\n")


def test_standard_output_is_not_redirected_to_the_terminal_of_the_bars(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    with ProgressDisplay() as progress:
        progress.show("clip", 3, 10)
        with progress.hidden():
            print("a result")
        print("a row")
    shown = capsys.readouterr()
    assert shown.out == "a result\na row\n"
    assert "a r" not in shown.err


@pytest.mark.parametrize("text", [None, "reading \x1b]0;name\x07 [bold]"])
def test_a_terminal_gets_bars_that_execute_no_name(capsys, monkeypatch, text):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with ProgressDisplay(first_line_s=0.01) as progress:
        progress.show("clip", 3, 10, text=text)
        progress.show("clip", 4, 10, text=text)
        progress.show("no total")
        time.sleep(0.3)
    shown = capsys.readouterr().err
    assert "4/10" in shown
    assert "\x1b]0;" not in shown
    assert ("clip" if text is None else "[bold]") in shown
    assert shown.endswith("\x1b[2K"), "the bars are removed at the end"
