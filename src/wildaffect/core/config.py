"""The base of every record that is read from a file."""

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Refuses keys that a record does not know, and numbers that are none."""


class Config:
    """Frozen dataclasses that derive from this are read strictly."""

    __slots__ = ()
    __pydantic_config__ = STRICT
