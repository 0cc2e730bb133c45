"""From the words of a command line to the record of a command; cyclopts reads the words."""

import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from inspect import Parameter as Argument
from inspect import Signature
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CoercionError, CycloptsError, Parameter, Token
from cyclopts.exceptions import (
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.parser.parts import Flag, Section, flags_of
from wildaffect.cli.parser.values import Values
from wildaffect.core.errors import UsageError

_DASH = "\0"
"""Stands for the word `-`, standard output, which cyclopts takes for an option."""


def parse(spec: Section, call: Invocation) -> Any:
    """Return the record of a command.

    Raises:
        UsageError: If a word does not fit; the message is one line.
    """
    if call.recipes:
        raise UsageError(_missing_recipe(call))
    flags = tuple(flags_of(spec))
    given = _read(flags, call.args)
    for flag in flags:
        if flag.is_required and flag.name not in given:
            kind = "argument" if flag.is_positional else "option"
            what, _, _ = flag.help.partition(". ")
            raise UsageError(f"missing {kind} {flag.label}: {what.rstrip('.')}")
    try:
        return spec.build(given)
    except ValueError as error:  # raised by a record that validates itself
        raise UsageError(str(error)) from None


def _missing_recipe(call: Invocation) -> str:
    for word in call.args:
        if word in call.recipes or word.endswith("recipe.json"):
            return f"the recipe {word} must come first, right after the command"
    return (
        "no recipe given; name one right after the command (`wildaffect recipes list` "
        "shows all), or a recipe.json"
    )


def program_of(flags: Sequence[Flag], name: str, summary: str = "") -> App:
    """Return a program that takes the flags and does nothing."""

    def command(*_: Any, **__: Any) -> None: ...

    arguments = [_argument(flag, index) for index, flag in enumerate(flags)]
    arguments.sort(key=lambda argument: argument.kind)
    command.__signature__ = Signature(arguments)  # type: ignore[attr-defined]
    app = App(name=name, help=summary, help_flags=(), version_flags=())
    app.default(command)
    return app


def _read(flags: Sequence[Flag], words: Sequence[str]) -> dict[str, Any]:
    """Return the given values by the name of their flag."""
    try:
        _, bound, _ = program_of(flags, "wildaffect").parse_args(
            [_DASH if word == "-" else word for word in words],
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        text = _message(error, flags).replace(_DASH, "-").replace(repr(_DASH), repr("-"))
        raise UsageError(text) from None
    parsed = {name: _with_dash(given) for name, given in bound.arguments.items()}
    return {
        flag.name: tuple(given) if flag.values.count is None else given
        for index, flag in enumerate(flags)
        if (given := parsed.get(_identifier(index), MISSING)) is not MISSING
    }


def _with_dash(given: Any) -> Any:
    match given:
        case tuple():
            return tuple(map(_with_dash, given))
        case str() if given == _DASH:
            return "-"
        case Path() if given == Path(_DASH):
            return Path("-")
        case _:
            return given


def _message(error: CycloptsError, flags: Sequence[Flag]) -> str:
    """Return one line in the shape of our own errors."""
    argument = error.argument
    match error:
        case UnknownOptionError(token=token):
            text = _unknown_option(token.keyword or token.value, flags)
        case RepeatArgumentError(token=Token(keyword=str(keyword))):
            text = f"{keyword}: must be given once"
        case CoercionError(msg=None, token=Token(keyword=str(keyword), value=value)):
            text = f"{keyword}: must be true or false, got {value!r}"  # others have a rule
        case CoercionError(msg=str(rule), token=Token(keyword=keyword)) if argument:
            text = f"{keyword or argument.name}: {rule}"
        case MissingArgumentError(keyword=str(keyword)) if argument:
            count, _ = argument.token_count()
            text = f"{keyword}: needs {'a value' if count == 1 else f'{count} values'}"
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            text = f"unexpected argument {first!r}"
        case _:
            text = str(error).rstrip(".")
    return text


def _unknown_option(word: str, flags: Sequence[Flag]) -> str:
    name = word.partition("=")[0]
    known = [flag.name for flag in flags if not flag.is_positional]
    known += [flag.opposite for flag in flags if flag.values.count == 0]
    near = get_close_matches(name, known, n=1)
    return f"unknown option {name}{f'; did you mean {near[0]}?' if near else ''}"


def _identifier(index: int) -> str:
    return f"flag{index}"


def _argument(flag: Flag, index: int) -> Argument:
    values = flag.values
    shown = values.metavar if flag.is_positional else flag.name
    mark = Parameter(
        name=(shown, flag.short) if flag.short else (shown,),
        negative=(flag.opposite,) if values.count == 0 else (),
        help=flag.help,
        consume_multiple=values.count is None,
        converter=_converter(values),
    )
    name = _identifier(index)
    if flag.is_positional and values.count is None:
        each: Any = Annotated[values.annotation, mark]
        return Argument(name, Argument.VAR_POSITIONAL, annotation=each)
    kind = Argument.POSITIONAL_ONLY if flag.is_positional else Argument.KEYWORD_ONLY
    # The defaults only stand for "not given". A switch that may be None would take a value.
    if values.count == 0:
        return Argument(name, kind, annotation=Annotated[bool, mark], default=False)
    plain: Any = _type(values) | None
    return Argument(name, kind, annotation=Annotated[plain, mark], default=None)


def _type(values: Values) -> Any:
    """Return the type of all values of a flag together."""
    each = values.annotation
    match values.count:
        case None:
            return types.GenericAlias(tuple, (each, ...))
        case 0 | 1:
            return each
        case count:
            return types.GenericAlias(tuple, (each,) * count)


def _converter(values: Values) -> Callable[[Any, Sequence[Token]], Any] | None:
    read = values.read
    if read is None:
        return None

    def convert_one(token: Token) -> Any:
        try:
            return read(token.value)
        except ValueError as error:
            raise CoercionError(msg=str(error), token=token) from None

    def convert(_: Any, tokens: Sequence[Token]) -> Any:
        converted = tuple(map(convert_one, tokens))
        return converted[0] if values.count == 1 else converted

    return convert
