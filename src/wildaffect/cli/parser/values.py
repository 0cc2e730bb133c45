"""From the annotation of a field to the conversion of the words given for it."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wildaffect.cli.parser.marks import Metavar

_RULES = {
    "SECONDS": "a number of seconds",
    "HZ": "a number per second",
}
"""Wording of errors by the name of the value."""


_SHOWN = 4
"""Number of choices up to which they are the name of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The words that a flag takes, and their conversion."""

    metavar: str
    convert: Callable[[str], Any]
    """Convert one word, or raise ValueError with a rule, such as `a number`."""
    count: int | None = 1
    """Number of words: 0 for a switch, None for any."""
    choices: tuple[str, ...] = ()

    @property
    def has_hidden_choices(self) -> bool:
        """Return whether the name of the value does not show the choices."""
        return bool(self.choices) and self.metavar != "|".join(self.choices)

    def read(self, words: list[str]) -> Any:
        """Return the value of the words of a flag."""
        converted = tuple(map(self.convert, words))
        return converted[0] if self.count == 1 else converted


def values_of(annotation: Any) -> Values | None:
    """Return what a field of this type takes; None if no flag can express it."""
    plain, metavar = _without_marks(annotation)
    origin, args = get_origin(plain), get_args(plain)
    if plain is bool:
        return Values(metavar="", convert=str, count=0)
    if origin is tuple:
        each = values_of(Annotated[args[0], Metavar(metavar)] if metavar else args[0])
        if each is None or each.count != 1:
            return None
        count = None if args[1:] == (...,) else len(args)
        return Values(
            metavar=each.metavar, convert=each.convert, count=count, choices=each.choices
        )
    choices = _choices(plain)
    if choices:
        names = tuple(choices)
        return Values(
            metavar=metavar or ("|".join(names) if len(names) <= _SHOWN else "CHOICE"),
            convert=lambda word: _choose(word, choices),
            choices=names,
        )
    if origin in {Union, UnionType} and len(args) == 2 and NoneType in args:
        inner = next(arg for arg in args if arg is not NoneType)
        return values_of(Annotated[inner, Metavar(metavar)] if metavar else inner)
    return _scalar(plain, metavar)


def _scalar(plain: Any, metavar: str) -> Values | None:
    if plain is int:
        return Values(metavar=metavar or "N", convert=_whole)
    if plain is float:
        rule = _RULES.get(metavar, "a number")
        return Values(metavar=metavar or "X", convert=lambda word: _number(word, rule))
    if plain is Path:
        return Values(metavar=metavar or "PATH", convert=Path)
    if plain is str:
        return Values(metavar=metavar or "NAME", convert=str)
    return None


def _without_marks(annotation: Any) -> tuple[Any, str]:
    if get_origin(annotation) is not Annotated:
        return annotation, ""
    plain, *marks = get_args(annotation)
    inner, metavar = _without_marks(plain)
    texts = [mark.text for mark in marks if isinstance(mark, Metavar)]
    return inner, texts[-1] if texts else metavar


def _choices(plain: Any) -> dict[str, Any]:
    """Return the values to choose from by their names; empty if the type is open."""
    if get_origin(plain) is Literal:
        return {str(value): value for value in get_args(plain)}
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return {member.value: member for member in plain}
    if get_origin(plain) in {Union, UnionType}:
        each = [_choices(arg) for arg in get_args(plain) if arg is not NoneType]
        if all(each):
            return {name: value for choices in each for name, value in choices.items()}
    return {}


def _choose(word: str, choices: dict[str, Any]) -> Any:
    if word in choices:
        return choices[word]
    near = get_close_matches(word, choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"must be one of {', '.join(choices)}, got {word!r}{hint}")


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"must be a whole number, got {word!r}") from None


def _number(word: str, rule: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ValueError(f"must be {rule}, got {word!r}")
    return number
