"""Help of a command as plain text, at most 80 columns wide."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING
from enum import StrEnum
from textwrap import wrap
from typing import Any

from wildaffect.cli.parser.marks import TOPICS, Invocation
from wildaffect.cli.parser.parts import Choice, Entries, Flag, Part, Section
from wildaffect.cli.parser.spec import recipe_argument

WIDTH = 80
_COLUMN = 26
"""Where the text of a flag begins; longer flags have a line of their own."""
_NO_BREAK = "\u00a0"
_SHORT = 24
"""Length up to which a default is kept in one line."""
_MANY = 8
"""Number of options from which on they are grouped by topic."""
_ARGUMENTS, _REQUIRED, _OPTIONS = "Arguments:", "Required options:", "Options:"
_TITLES = (_ARGUMENTS, _REQUIRED, _OPTIONS, *TOPICS)


def help_text(command: str, call: Invocation, spec: Section) -> str:
    """Return the help of a command."""
    groups = list(_groups(spec, call))
    description, examples = _split_description(call.description)
    lines = [*_usage(command, call, groups), ""]
    for paragraph in description:
        lines += [*wrap(paragraph, WIDTH), ""]
    for title, doc, flags in groups:
        lines += _group(title, doc, flags)
    if examples:
        lines.append("Examples:" if len(examples) > 1 else "Example:")
        for example in examples:
            lines += _command_line(example)
    return "\n".join(lines).rstrip()


Group = tuple[str, str, list[Flag]]


def _groups(spec: Section, call: Invocation) -> Iterator[Group]:
    """Yield title, explanation and flags of each group, none of them empty."""
    own = [part for part in spec.parts if isinstance(part, Flag)]
    if call.recipes:
        own.insert(0, recipe_argument(call.recipes))
    groups: dict[str, list[Flag]] = {title: [] for title in _TITLES}
    num_optional = sum(not flag.is_required for flag in own)
    for flag in own:
        groups[_title(flag, has_topics=num_optional > _MANY)].append(flag)
    yield from ((title, "", flags) for title, flags in groups.items() if flags)
    for part in spec.parts:
        yield from _settings(part, f"Settings of {call.first}:")


def _title(flag: Flag, *, has_topics: bool) -> str:
    if flag.is_positional:
        return _ARGUMENTS
    if flag.is_required:
        return _REQUIRED
    topics = [title for title, names in TOPICS.items() if flag.name in names]
    return topics[0] if topics and has_topics else _OPTIONS


def _settings(part: Part, title: str) -> Iterator[Group]:
    """Yield the groups of a recipe: its own flags, then those of each of its parts."""
    match part:
        case Choice(kind=kind, chosen=chosen):
            of_kind = list(_settings(chosen, title)) if chosen else []
            heading = kind.name.removeprefix("--").removesuffix(".kind")
            if not of_kind:
                yield f"{heading}:", chosen.doc if chosen else "", [kind]
                return
            (first, doc, flags), *more = of_kind
            yield first, doc, [kind, *flags]
            yield from more
        case Section(title=own_title, doc=doc, parts=parts):
            flags = [flag for each in parts for flag in _own_flags(each)]
            if flags:
                yield (f"{own_title}:", doc, flags) if own_title else (title, "", flags)
            for each in parts:
                yield from _settings(each, title)
        case _:
            return


def _own_flags(part: Part) -> list[Flag]:
    match part:
        case Flag():
            return [part]
        case Entries(parts=flags):
            return list(flags.values())
        case _:
            return []


def _usage(command: str, call: Invocation, groups: Sequence[Group]) -> list[str]:
    flags = [flag for _, _, group in groups for flag in group]
    words = [f"usage: wildaffect {command}"]
    if call.first:
        words.append(call.first)
    for flag in flags:
        if flag.is_positional:
            words.append(flag.label if flag.is_required else f"[{flag.label}]")
    words += [flag.label for flag in flags if flag.is_required and not flag.is_positional]
    if any(not flag.is_required and not flag.is_positional for flag in flags):
        words.append("[OPTIONS]")
    return wrap(" ".join(words), WIDTH, subsequent_indent=" " * 4)


def _group(title: str, doc: str, flags: Sequence[Flag]) -> list[str]:
    heading = wrap(f"{title} {doc}" if doc else title, WIDTH)
    return [*heading, *(line for flag in flags for line in _flag_lines(flag)), ""]


def _flag_lines(flag: Flag) -> list[str]:
    text = flag.label
    words = flag.help
    if flag.shown_name == flag.opposite and words:
        words = f"Turn off; the default is to {words[0].lower()}{words[1:]}"
    if flag.values.has_hidden_choices:
        words = f"{words} One of {', '.join(flag.values.choices)}.".strip()
    if not flag.is_positional:
        text = f"{flag.short}, {text}" if flag.short else f"    {text}"
    default = _shown_default(flag)
    if default:
        shown = f"[default: {default}]"
        words += f" {_unbroken(shown) if len(shown) <= _SHORT else shown}"
    lines = _wrapped(words.strip(), WIDTH - _COLUMN)
    first = f"  {text}"
    if len(first) > _COLUMN - 2 or not lines:
        return [first, *(" " * _COLUMN + line for line in lines)]
    head, *tail = lines
    return [f"{first:<{_COLUMN}}{head}", *(" " * _COLUMN + line for line in tail)]


def _shown_default(flag: Flag) -> str:
    """Return the default as one would type it; nothing if the text says enough."""
    if flag.default is MISSING or flag.values.count == 0:
        return ""
    return _typed(flag.default)


def _typed(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case tuple():
            return " ".join(map(_typed, value))
        case StrEnum():
            return value.value
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _split_description(text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs and the examples of a docstring, each in one line."""
    prose, *rest = re.split(r"\n\s*Examples?:", text, maxsplit=1)
    joined = "".join(rest).replace("\\\n", "\n")
    examples = re.split(r"\n\s*(?=wildaffect |torchrun )", joined)
    return _in_one_line(prose.split("\n\n")), _in_one_line(examples)


def _in_one_line(texts: Sequence[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts if text.strip()]


def _command_line(example: str) -> list[str]:
    """Return an example in lines that a shell joins again, none ending in a flag."""
    together = re.sub(r"(?<= )(-\S+) (?=[^- ])", rf"\1{_NO_BREAK}", example)
    together = re.sub(r'"[^"]*"', lambda quoted: _unbroken(quoted[0]), together)
    first, *rest = _wrapped(together, WIDTH - 8)
    return " \\\n      ".join([f"  {first}", *rest]).splitlines()


def _unbroken(text: str) -> str:
    return text.replace(" ", _NO_BREAK)


def _wrapped(text: str, width: int) -> list[str]:
    """Return lines that are broken at plain spaces only."""
    lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]
