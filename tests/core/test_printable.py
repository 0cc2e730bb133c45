import os
import sys

import pytest

from wildaffect.core.console import Console
from wildaffect.core.printable import counted, printable, printable_lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain \u00e9\u4e2d\U0001f600.mp4", "plain \u00e9\u4e2d\U0001f600.mp4"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\x1b]0;title\x07b", r"a\x1b]0;title\x07b"),
        ("a\x9b31mb", r"a\x9b31mb"),
        ("a\rb\nc\td", r"a\x0db\x0ac\x09d"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        (os.fsdecode(b"caf\xe9.mp4"), r"caf\xe9.mp4"),
    ],
)
def test_nothing_but_what_can_be_seen_is_left(name, shown):
    assert printable(name) == shown


def test_lines_stay_lines():
    assert printable_lines("a\x1bb\n\tc") == "a\\x1bb\n\tc"


def test_a_console_prints_names_without_executing_them(capsys):
    console = Console(file=sys.stdout, force_terminal=True, highlight=False)
    console.print("wrote \x1b]0;pwn\x07.csv", markup=False)
    assert "\x1b]0" not in capsys.readouterr().out


def test_counts_agree_with_their_noun():
    assert [counted(count, "video") for count in (0, 1, 2, 1500)] == [
        "0 videos",
        "1 video",
        "2 videos",
        "1,500 videos",
    ]
