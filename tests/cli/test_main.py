import pytest

from wildaffect.cli.main import COMMANDS, main


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["analyze", "x.mp4", "--overlya"], "Unrecognized options: --overlya"),
        (["analyze", "x.mp4", "--format", "xlsx"], "invalid choice 'xlsx'"),
        (["analyze", "x.mp4", "--every", "two"], "Error parsing --every"),
        (["anlyze", "x.mp4"], "did you mean analyze"),
        (["zzz"], "did you mean"),
    ],
)
def test_what_is_worded_wrongly_is_said_in_one_line_with_status_two(args, words, capsys):
    assert main(args) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("wildaffect: ")
    assert words in line


def test_every_command_is_listed_with_what_it_does(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert f"  {name} " in shown
        assert summary in shown


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("wildaffect 0.")
