"""Flags of records: parsing, errors, help."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest

from wildaffect.cli.parser.help import help_text
from wildaffect.cli.parser.marks import Invocation, Positional
from wildaffect.cli.parser.parse import parse
from wildaffect.cli.parser.spec import spec_of
from wildaffect.core.errors import UsageError
from wildaffect.core.threads import Auto


class Color(StrEnum):
    DARK_RED = "dark_red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Round part."""

    radius: float = 1.0
    kind: Literal["circle"] = "circle"

    def __post_init__(self):
        if self.radius <= 0:
            raise ValueError(f"circle: radius must be above 0, got {self.radius}")


@dataclass(frozen=True, kw_only=True)
class Square:
    """Part with four sides."""

    side: int
    kind: Literal["square"] = "square"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a drawing."""

    part: Circle | Square = field(default_factory=Circle)
    other: Circle | Square | None = None
    weights: dict[Color, float] = field(default_factory=lambda: {Color.BLUE: 2.0})
    delay_s: float | None = 0.5
    """Delay; none for none."""
    sides: tuple[int, ...] = (4,)
    """Lengths."""
    is_filled: bool = True
    """Fill the parts."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Draw pictures."""

    inputs: Annotated[tuple[Path, ...], Positional("INPUT")]
    """Pictures."""
    shape: tuple[int, int]
    """Width and height."""
    output: Path = Path("out")
    """Folder."""
    start: float | None = None
    """First second."""
    colors: tuple[Color, ...] = ()
    """Colors."""
    format: Literal["csv", "json"] = "csv"
    """Type of file, explained in so many words that the text needs more than one line."""
    threads: Annotated[int, Auto(lambda: 7)] = 1
    """Threads."""
    overlay: bool = False
    """Draw boxes."""
    recipe: Settings


TEXT = """Draw pictures in a description that is
broken in the middle.

Examples:
    wildaffect draw a.png --shape 1 2

    wildaffect draw a.png --shape 1 2 --start 12.5 --colors dark_red blue --format json \\
        -o somewhere
"""


def call(*args: str) -> Invocation:
    return Invocation(
        record=Draw,
        args=list(args),
        description=TEXT,
        preset={"recipe": Settings()},
        settings="recipe",
        first="round",
    )


def parsed(*args: str) -> Draw:
    return parse(spec_of(call(*args)), call(*args))


def test_words_become_the_values_of_the_record():
    draw = parsed(
        *["a.png", "--shape", "3", "4", "-o", "x", "--start=-1.5", "--colors", "dark_red"],
        *["--overlay", "b.png", "--no-is-filled", "--part.radius", "2", "--colors", "blue"],
        *["--weights.dark-red", "0.5", "--threads", "auto"],
    )
    assert draw.inputs == (Path("a.png"), Path("b.png"))
    assert (draw.shape, draw.output, draw.start) == ((3, 4), Path("x"), -1.5)
    assert draw.colors == (Color.DARK_RED, Color.BLUE)
    assert draw.overlay
    assert draw.threads == 7
    assert draw.format == "csv"
    assert draw.recipe == Settings(
        part=Circle(radius=2.0),
        weights={Color.DARK_RED: 0.5, Color.BLUE: 2.0},
        is_filled=False,
    )


def test_a_number_and_a_list_can_be_left_out():
    recipe = parsed(
        "a", "--shape", "1", "1", "--delay-s", "none", "--sides", "--overlay"
    ).recipe
    assert recipe.delay_s is None
    assert recipe.sides == ()


def test_words_after_two_dashes_and_negative_numbers_are_no_flags():
    draw = parsed("--shape", "-3", "4", "--", "--overlay")
    assert draw.shape == (-3, 4)
    assert draw.inputs == (Path("--overlay"),)
    assert not draw.overlay


def test_the_kind_of_a_part_selects_its_flags():
    base = ("a", "--shape", "1", "1")
    assert parsed(*base, "--part.kind", "square", "--part.side", "3").recipe.part == Square(
        side=3
    )
    assert parsed(*base, "--other.kind=circle").recipe.other == Circle()
    with pytest.raises(UsageError, match=r"missing option --part\.side N"):
        parsed(*base, "--part.kind", "square")
    with pytest.raises(UsageError, match=r"unknown option --part\.radius"):
        parsed(*base, "--part.kind", "square", "--part.side", "3", "--part.radius", "1")
    with pytest.raises(
        UsageError, match=r"--part\.kind: must be one of circle, square, got"
    ):
        parsed(*base, "--part.kind", "cube")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["a"], "missing option --shape N N: Width and height$"),
        (["--shape", "1", "1"], "missing argument INPUT...: Pictures$"),
        (["a", "--shape", "1"], "--shape: needs 2 values$"),
        (["a", "--shape", "1", "x"], "--shape: must be a whole number, got 'x'$"),
        (["a", "--start", "x"], "--start: must be a number of seconds, got 'x'"),
        (["a", "--start", "nan"], "--start: must be a number of seconds, got 'nan'"),
        (["a", "--start", "--overlay"], "--start: needs a value$"),
        (["a", "--overlay=maybe"], "--overlay: must be true or false, got 'maybe'$"),
        (["a", "--formt", "csv"], r"unknown option --formt; did you mean --format\?$"),
        (["a", "--radius", "2"], r"did you mean --part.radius\?$"),
        (["a", "--threads", "x"], "--threads: must be a whole number or auto, got 'x'"),
        (["a", "--zzz"], "unknown option --zzz$"),
        (["a", "--no-overly"], r"unknown option --no-overly; did you mean --no-overlay\?$"),
        (["a", "--start", "1", "--start", "2"], "--start: must be given once$"),
        (["a", "--format", "jsn"], r"csv, json, got 'jsn'; did you mean json\?$"),
        (["a", "--shape", "1", "1", "--part.radius", "0"], "radius must be above 0"),
    ],
)
def test_a_wrong_word_is_reported_in_one_line(args, message):
    with pytest.raises(UsageError, match=message) as caught:
        parsed(*args)
    assert "\n" not in str(caught.value)


def test_help_shows_every_flag_with_its_text_and_fits_80_columns():
    assert (
        help_text("draw", call(), spec_of(call()))
        == """\
usage: wildaffect draw round INPUT... --shape N N [OPTIONS]

Draw pictures in a description that is broken in the middle.

Arguments:
  INPUT...                Pictures.

Required options:
      --shape N N         Width and height.

Options:
  -o, --output PATH       Folder. [default: out]
      --start SECONDS     First second.
      --colors dark_red|blue...
                          Colors.
      --format FORMAT     Type of file, explained in so many words that the text
                          needs more than one line. One of csv, json.
                          [default: csv]
      --threads N|auto    Threads. [default: 1]
      --overlay           Draw boxes.

Settings of round:
      --weights.dark-red X
      --weights.blue X    [default: 2]
      --delay-s SECONDS   Delay; none for none. [default: 0.5]
      --sides N...        Lengths. [default: 4]
      --no-is-filled      Turn off; the default is to fill the parts.

part: Round part.
      --part.kind circle|square
                          Kind of part; another has its own options.
                          [default: circle]
      --part.radius X     [default: 1]

other:
      --other.kind circle|square|none
                          Kind of part; another has its own options.
                          [default: none]

Examples:
  wildaffect draw a.png --shape 1 2
  wildaffect draw a.png --shape 1 2 --start 12.5 --colors dark_red blue \\
      --format json -o somewhere"""
    )


def test_a_dash_is_a_value():
    drawn = parsed("-", "--shape", "1", "2", "-o", "-")
    assert drawn.output == Path("-")
    assert drawn.inputs == (Path("-"),)
    with pytest.raises(UsageError, match="'-'"):
        parsed("a", "--shape", "-", "2")
