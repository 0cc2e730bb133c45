"""From the fields of a record to its flags."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from inspect import getdoc
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from wildaffect.cli.parser.docs import field_docs
from wildaffect.cli.parser.marks import Invocation, Positional, metavar_of
from wildaffect.cli.parser.parts import Choice, Entries, Fixed, Flag, Part, Section
from wildaffect.cli.parser.values import choices_of, choose, values_of
from wildaffect.core.errors import UsageError

_NO_PART = "none"
"""Kind of a part that is left out."""
_OF_KIND = "Kind of part; another has its own options."


def spec_of(call: Invocation) -> Section:
    """Return the flags of a command; a `--X.kind` among its words selects those of X."""
    return _section(
        call.record, MISSING, field="", prefix="", kinds=_given_kinds(call.args), call=call
    )


def recipe_argument(recipes: Sequence[str]) -> Flag:
    """Return the argument of a command in which no recipe is named yet."""
    return Flag(
        field="recipe",
        name="RECIPE",
        values=choices_of(recipes, metavar="RECIPE"),
        default=MISSING,
        help="A recipe by its name (`wildaffect recipes list` describes them), or the "
        "recipe.json of a run. With a recipe before --help, its settings are shown too; "
        "they are options.",
        is_positional=True,
    )


def _section(
    record: type,
    default: Any,
    *,
    field: str,
    prefix: str,
    kinds: Mapping[str, str],
    call: Invocation | None = None,
) -> Section:
    hints = get_type_hints(record, include_extras=True)
    docs = field_docs(record)
    parts: list[Part] = []
    for each in fields(record):
        name, hint = each.name, hints[each.name]
        value = _default_of(each) if default is MISSING else getattr(default, name)
        flag = f"{prefix}{name.rstrip('_').replace('_', '-')}"
        if call and name in call.preset:
            value = call.preset[name]
            is_flags = name == call.settings
            parts.append(
                _section(type(value), value, field=name, prefix="", kinds=kinds)
                if is_flags
                else Fixed(name, value)
            )
            continue
        parts.append(_part(hint, value, name, flag, docs.get(name, ""), kinds))
    return Section(
        field=field,
        title=prefix.removesuffix("."),
        doc=" ".join((getdoc(record) or "").partition("\n\n")[0].split()),
        record=record,
        parts=tuple(parts),
    )


def _part(
    hint: Any, default: Any, field: str, flag: str, doc: str, kinds: Mapping[str, str]
) -> Part:
    records = _records(hint)
    if len(records) > 1 and all("kind" in _names(each) for each in records):
        return _choice(hint, records, default, field, flag, doc, kinds)
    if records:
        record = records[0] if default is MISSING else type(default)
        if default is None:
            return Fixed(field, None)
        return _section(record, default, field=field, prefix=f"{flag}.", kinds=kinds)
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(plain) is dict:
        return _entries(plain, default, field, flag, doc)
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    argument = next((mark for mark in marks if isinstance(mark, Positional)), None)
    name = f"--{flag}"
    values = values_of(hint, argument.metavar if argument else metavar_of(name))
    is_label = get_origin(plain) is Literal and len(get_args(plain)) == 1
    if values is None or is_label:
        return Fixed(field, default)
    return Flag(
        field=field,
        name=argument.metavar if argument else name,
        values=values,
        default=default,
        help=doc,
        is_positional=argument is not None,
    )


def _choice(
    hint: Any,
    records: list[type],
    default: Any,
    field: str,
    flag: str,
    doc: str,
    kinds: Mapping[str, str],
) -> Choice:
    by_kind = {_kind_of(record): record for record in records}
    names = [*by_kind, *[_NO_PART] * (NoneType in get_args(hint))]
    name = f"--{flag}.kind"
    of_default: Any = MISSING
    if default is not MISSING:
        of_default = _NO_PART if default is None else default.kind
    kind = Flag(
        field="kind",
        name=name,
        values=choices_of(names),
        default=of_default,
        help=doc or _OF_KIND,
    )
    chosen = kinds.get(name, of_default)
    try:
        choose(chosen, kind.values.choices)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
    record = by_kind.get(str(chosen))
    section = record and _section(
        record,
        default if chosen == of_default else MISSING,
        field=field,
        prefix=f"{flag}.",
        kinds=kinds,
    )
    return Choice(field=field, kind=kind, chosen=section or None)


def _entries(hint: Any, default: Any, field: str, flag: str, doc: str) -> Part:
    keys, each = get_args(hint)
    values = values_of(each)
    if values is None or not (isinstance(keys, type) and issubclass(keys, StrEnum)):
        return Fixed(field, default)
    now = {} if default is MISSING else default
    flags = {
        key: Flag(
            field=key.value,
            name=f"--{flag}.{key.value.replace('_', '-')}",
            values=values,
            default=now.get(key),
            help=doc,
        )
        for key in keys
    }
    return Entries(field=field, parts=flags)


def _default_of(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _records(hint: Any) -> list[type]:
    """Return the dataclasses that a field may hold."""
    if get_origin(hint) is Annotated:
        return _records(get_args(hint)[0])
    args = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return [arg for arg in args if isinstance(arg, type) and is_dataclass(arg)]


def _names(record: type) -> set[str]:
    return {field.name for field in fields(record)}


def _kind_of(record: type) -> str:
    return str(next(field.default for field in fields(record) if field.name == "kind"))


def _given_kinds(args: list[str]) -> dict[str, str]:
    """Return the kinds that the words select, by flag."""
    kinds = {}
    for word, after in pairwise([*args, ""]):
        name, is_joined, value = word.partition("=")
        if name.startswith("--") and name.endswith(".kind"):
            kinds[name.replace("_", "-")] = value if is_joined else after
    return kinds
