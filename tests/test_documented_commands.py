"""Every command line in the documentation is one that this version understands.

Nothing is run: words are split as a shell does it, and read as the program reads them.
"""

import re
import shlex
from pathlib import Path

import pytest

from wildaffect.cli.main import read_command
from wildaffect.core.errors import WildAffectError

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    wildaffect .*$", re.MULTILINE)
TORCHRUN = re.compile(r"^torchrun( --\S+ \S+)* -m wildaffect ")


def commands_of(page: Path) -> list[list[str]]:
    """Return the words of each command that stands in a block of code, without its name."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for block in (*FENCED.findall(text), *INDENTED.findall(FENCED.sub("", text))):
        for line in block.splitlines():
            plain = TORCHRUN.sub("wildaffect ", line.strip())
            if plain.startswith("wildaffect "):
                found.append(shlex.split(plain, comments=True)[1:])
    return found


def read(words: list[str]) -> object:
    """Return the options that a command line gives."""
    return read_command(words)


def test_the_walk_sees_what_would_be_wrong():
    assert commands_of(ROOT / "docs" / "reproduce.md")[0] == ["doctor"]
    for words in (
        ["analyze", "x", "--every", "y"],
        ["export", "x"],
        ["train", "abaw5", "--data", "x"],
    ):
        with pytest.raises(WildAffectError):
            read(words)
    with pytest.raises(WildAffectError, match="--optim"):
        read(["train", "abaw4-gru", "--data", "x", "--optim.peak-rate", "1"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_on_a_page_is_understood(page):
    wrong = []
    for words in commands_of(page):
        if words[0].startswith("--") or "--help" in words:
            continue
        try:
            read(words)
        except WildAffectError as error:
            wrong.append(f"{shlex.join(words)}: {error}")
    assert wrong == []
