"""From the words of a command line to the record of a command."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.parser.spec import Flag, Section, flags_of
from wildaffect.core.errors import UsageError

_CUTOFF = 0.7
"""Similarity of a flag to what was typed for it to be suggested."""


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
    words, free = _sort_words(flags, call.args)
    words |= _positional_words(flags, free)
    given = {
        flag.name: _read(flag, words[flag.name]) for flag in flags if flag.name in words
    }
    for flag in flags:
        if flag.is_required and flag.name not in given:
            kind = "argument" if flag.is_positional else "option"
            raise UsageError(f"missing {kind} {label(flag)}: {flag.help}")
    try:
        return spec.build(given)
    except ValueError as error:  # raised by a record that validates itself
        raise UsageError(str(error)) from None


def label(flag: Flag) -> str:
    """Return a flag with the name of its value, as in `--start SECONDS`."""
    values = flag.values
    metavar = values.metavar
    if values.count is None:
        metavar = f"{metavar}..."
    elif values.count != 0:
        metavar = " ".join([metavar] * values.count)
    if flag.is_positional:
        return metavar
    return f"{shown_name(flag)} {metavar}".rstrip()


def shown_name(flag: Flag) -> str:
    """Return the name of a flag; of a switch, the one that changes the default."""
    is_on = flag.values.count == 0 and flag.default is True
    return flag.opposite if is_on else flag.name


def is_flag(word: str) -> bool:
    """Return whether a word is a flag and not a value, such as a negative number."""
    if len(word) < 2 or not word.startswith("-"):
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False


def _read(flag: Flag, words: list[str]) -> Any:
    if flag.values.count == 0:
        return words[-1] == flag.name
    try:
        return flag.values.read(words)
    except ValueError as error:
        raise UsageError(f"{flag.name}: {error}") from None


def _sort_words(
    flags: Sequence[Flag], args: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the words of each flag, and those without a flag."""
    named = {flag.name: flag for flag in flags if not flag.is_positional}
    named |= {flag.short: flag for flag in flags if flag.short}
    named |= {flag.opposite: flag for flag in flags if flag.values.count == 0}
    words: dict[str, list[str]] = {}
    free: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return words, free + rest
        if not is_flag(word):
            free.append(word)
            continue
        name, joined, value = _split(word)
        if name not in named:
            raise UsageError(_no_such_flag(name, flags))
        flag = named[name]
        values = [value] if joined else _take(rest, flag.values.count)
        if flag.values.count == 0:
            if joined:
                raise UsageError(f"{name}: takes no value, got {value!r}")
            values = [name]
        _check_number(name, flag, values)
        before = words.get(flag.name, []) if flag.values.count is None else []
        words[flag.name] = before + values
    return words, free


def _split(word: str) -> tuple[str, bool, str]:
    """Return the name of a flag, and the value in the same word if there is one."""
    if not word.startswith("--"):
        return word[:2], len(word) > 2, word[2:].removeprefix("=")
    name, joined, value = word.partition("=")
    return name, bool(joined), value


def _take(rest: list[str], count: int | None) -> list[str]:
    """Remove the words up to the next flag, at most `count`, from the rest."""
    taken: list[str] = []
    while rest and len(taken) != count and not is_flag(rest[0]):
        taken.append(rest.pop(0))
    return taken


def _check_number(name: str, flag: Flag, values: list[str]) -> None:
    count = flag.values.count
    if count and len(values) < count:
        what = "a value" if count == 1 else f"{count} values"
        raise UsageError(f"{name}: needs {what} ({flag.values.metavar})")


def _positional_words(flags: Sequence[Flag], free: list[str]) -> dict[str, list[str]]:
    words = {}
    rest = list(free)
    for flag in flags:
        if flag.is_positional and rest:
            count = flag.values.count
            taken = rest if count is None else rest[:count]
            words[flag.name], rest = taken, rest[len(taken) :]
    if rest:
        raise UsageError(f"unexpected argument {rest[0]!r}")
    return words


def _no_such_flag(name: str, flags: Sequence[Flag]) -> str:
    """Return the message for an unknown flag, with the nearest one.

    The end of a long name counts as the name: --peak-lr is near --optim.peak-lr.
    """
    known = [shown_name(flag) for flag in flags if not flag.is_positional]
    ends = {f"--{each.rpartition('.')[2]}": each for each in known if "." in each}
    near = get_close_matches(name, known, n=1, cutoff=_CUTOFF)
    near += [ends[end] for end in get_close_matches(name, ends, n=1, cutoff=_CUTOFF)]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no such option: {name}{hint}"
