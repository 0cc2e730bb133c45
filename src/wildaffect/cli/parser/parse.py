"""From the words of a command line to the record of a command; cyclopts reads the words."""

import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING
from inspect import Parameter as Argument
from inspect import Signature
from typing import Annotated, Any

from cyclopts import App, CoercionError, CycloptsError, Parameter, Token
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError

from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.parser.parts import Flag, Section, flags_of
from wildaffect.cli.parser.values import Values
from wildaffect.core.errors import UsageError


def parse(spec: Section, call: Invocation) -> Any:
    """Return the record of a command.

    Raises:
        UsageError: If a word does not fit; the message is one line.
    """
    if call.recipes:
        raise UsageError(
            f"no recipe given; start with a recipe.json or one of {', '.join(call.recipes)}"
        )
    flags = tuple(flags_of(spec))
    given = _read(flags, call.args)
    for flag in flags:
        if flag.is_required and flag.name not in given:
            kind = "argument" if flag.is_positional else "option"
            raise UsageError(f"missing {kind} {flag.label}: {flag.help.rstrip('.')}")
    try:
        return spec.build(given)
    except ValueError as error:  # raised by a record that validates itself
        raise UsageError(str(error)) from None


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
            words, exit_on_error=False, print_error=False
        )
    except CycloptsError as error:
        raise UsageError(_message(error)) from None
    parsed = bound.arguments
    return {
        flag.name: tuple(given) if flag.values.count is None else given
        for index, flag in enumerate(flags)
        if (given := parsed.get(_identifier(index), MISSING)) is not MISSING
    }


def _message(error: CycloptsError) -> str:
    """Return one line that begins with the option; the library's where that is good."""
    argument = error.argument
    match error:
        case CoercionError(msg=str(rule), token=Token(keyword=keyword)) if argument:
            return f"{keyword or argument.name}: {rule}"
        case MissingArgumentError(keyword=str(keyword)) if argument:
            count, _ = argument.token_count()
            return f"{keyword}: needs {'a value' if count == 1 else f'{count} values'}"
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"unexpected argument {first!r}"
        case _:
            return str(error).rstrip(".")


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
