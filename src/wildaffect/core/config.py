"""Base class of records that are read from files, and error messages for such files."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

_LONGEST_VALUE = 60

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Rejects unknown keys, and numbers that are not finite."""


class Config:
    """Frozen dataclasses that derive from this are read strictly."""

    __slots__ = ()
    __pydantic_config__ = STRICT


def json_values(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as read back from a file: tuples become lists.

    Raises:
        ValueError: If a value cannot be written as JSON.
    """
    try:
        read: dict[str, Any] = json.loads(json.dumps(settings))
    except TypeError as error:
        raise ValueError(f"{name}: settings must be JSON values: {error}") from None
    return read


_UNKNOWN_KEY = {"unexpected_keyword_argument", "extra_forbidden"}
"""Names that pydantic gives to a key that a record does not have."""


class _Invalid(Protocol):
    """The part of pydantic's `ValidationError` that is used here."""

    def errors(self) -> Sequence[Mapping[str, Any]]: ...


def first_problem(error: _Invalid) -> str:
    """Return one line with the place of an error in a document, its rule and its value."""
    errors = error.errors()
    kinds = [each for each in errors if _is_kind(each)]
    others = [each for each in errors if not any(_is_beside(each, kind) for kind in kinds)]
    if kinds and not others:  # a part of a kind that none of the union has
        known = ", ".join(each["ctx"]["expected"] for each in kinds)
        where = ".".join(map(str, (*kinds[0]["loc"][:-2], "kind")))
        return f"{where}: must be one of {known}, got {kinds[0]['input']!r}"
    first = others[0]
    where = ".".join(map(str, first["loc"])) or "file"
    message = " ".join(str(first["msg"]).split())
    if first["type"] == "value_error":  # our own rules, which state the value
        return f"{where}: {message.removeprefix('Value error, ')}"
    if first["type"] in _UNKNOWN_KEY:
        message = "unknown key"
    got = repr(first["input"])
    got = got if len(got) <= _LONGEST_VALUE else f"{got[: _LONGEST_VALUE - 3]}..."
    return f"{where}: {message}, got {got}"


def _is_kind(problem: Mapping[str, Any]) -> bool:
    """Return whether a part has another kind than a member of its union."""
    return problem["type"] == "literal_error" and problem["loc"][-1:] == ("kind",)


def _is_beside(problem: Mapping[str, Any], kind: Mapping[str, Any]) -> bool:
    """Return whether a problem is one of a member whose kind is another."""
    member = kind["loc"][:-1]
    return bool(problem["loc"][: len(member)] == member)
