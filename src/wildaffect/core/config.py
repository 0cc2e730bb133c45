"""The base of every record that is read from a file."""


class Config:
    """Frozen dataclasses that derive from this refuse keys that they do not know."""

    __slots__ = ()
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic as it stands
