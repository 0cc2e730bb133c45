"""From the annotation of a field to the values that a flag takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wildaffect.core.threads import Auto

_RULES = {
    "SECONDS": "a number of seconds",
    "HZ": "a number per second",
}
"""Wording of errors by the name of the value."""

_SHOWN = 32
"""Length up to which the choices are the name of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Type, name and number of the values of a flag."""

    annotation: Any
    """Type of one value, as the parser library reads it."""
    metavar: str
    count: int | None = 1
    """Number of values: 0 for a switch, None for any."""
    choices: Mapping[str, Any] = field(default_factory=dict)
    """Values to choose from, by the words for them; empty if the type is open."""
    read: Callable[[str], Any] | None = None
    """Conversion of a word where that of the type is not enough; raises ValueError."""

    @property
    def shown(self) -> str:
        """Return the names of the values in help, such as `N N`."""
        if self.count is None:
            return f"{self.metavar}..."
        return " ".join([self.metavar] * self.count)

    @property
    def has_hidden_choices(self) -> bool:
        """Return whether the name of the value does not show the choices."""
        return not set(self.choices) <= set(self.metavar.split("|"))


def values_of(annotation: Any, metavar: str = "") -> Values | None:
    """Return what a field of this type takes; None if no flag can express it.

    Args:
        annotation: Type of the field.
        metavar: Name of the value in help; by default after the type.
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        plain = values_of(args[0], metavar)
        auto = next((mark for mark in args[1:] if isinstance(mark, Auto)), None)
        return _or_auto(plain, auto) if plain and auto else plain
    if annotation is bool:
        return Values(annotation=bool, metavar="", count=0)
    if origin is tuple:
        each = values_of(args[0], metavar)
        count = None if args[1:] == (...,) else len(args)
        return replace(each, count=count) if each and each.count == 1 else None
    choices = _choices(annotation)
    if choices:
        return _chosen(choices, metavar)
    if origin in {Union, UnionType} and len(args) == 2 and NoneType in args:
        plain = values_of(next(arg for arg in args if arg is not NoneType), metavar)
        return _or_none(plain) if plain and plain.annotation in {int, float} else plain
    return _scalar(annotation, metavar)


def choices_of(names: Sequence[str], metavar: str = "") -> Values:
    """Return a choice between words."""
    return _chosen({name: name for name in names}, metavar)


def _chosen(choices: Mapping[str, Any], metavar: str) -> Values:
    names = tuple(choices)
    together = "|".join(names)
    return Values(
        annotation=Literal[names],
        metavar=metavar or (together if len(together) <= _SHOWN else "CHOICE"),
        choices=choices,
        read=lambda word: choose(word, choices),
    )


def choose(word: str, choices: Mapping[str, Any]) -> Any:
    """Return the value of a word.

    Raises:
        ValueError: If it is none of the choices; the message suggests the nearest.
    """
    if word in choices:
        return choices[word]
    near = get_close_matches(word, choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"must be one of {', '.join(choices)}, got {word!r}{hint}")


def _scalar(plain: Any, metavar: str) -> Values | None:
    if plain is int:
        read = _number(int, "a whole number")
        return Values(annotation=int, metavar=metavar or "N", read=read)
    if plain is float:
        read = _number(float, _RULES.get(metavar, "a number"))
        return Values(annotation=float, metavar=metavar or "X", read=read)
    if plain is Path:
        return Values(annotation=Path, metavar=metavar or "PATH")
    if plain is str:
        return Values(annotation=str, metavar=metavar or "NAME")
    return None


def _or_none(values: Values) -> Values:
    """Return numbers that may also be given as `none`, to undo a default."""
    read = values.read or values.annotation
    return replace(values, read=lambda word: None if word == "none" else read(word))


def _or_auto(values: Values, auto: Auto) -> Values:
    """Return numbers that may also be given as `auto`."""
    read = _number(int, "a whole number or auto")
    return replace(
        values,
        metavar=f"{values.metavar}|auto",
        read=lambda word: auto.count() if word == "auto" else read(word),
    )


def _choices(plain: Any) -> dict[str, Any]:
    if get_origin(plain) is Literal:
        return {str(value): value for value in get_args(plain) if value != ""}
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return {member.value: member for member in plain}
    if get_origin(plain) in {Union, UnionType}:
        each = [_choices(arg) for arg in get_args(plain) if arg is not NoneType]
        if all(each):
            return {name: value for choices in each for name, value in choices.items()}
    return {}


def _number(convert: Callable[[str], float], rule: str) -> Callable[[str], float]:
    """Return the conversion of a word to a finite number, with its rule in the error."""

    def read(word: str) -> float:
        try:
            value = convert(word)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise ValueError(f"must be {rule}, got {word!r}")
        return value

    return read
