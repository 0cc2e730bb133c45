"""The parts that the flags of a record come from, and the record built from them."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from typing import Any

from wildaffect.cli.parser.marks import SHORT_NAMES
from wildaffect.cli.parser.values import Values

Given = Mapping[str, Any]
"""Values by the name of their flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag or a positional argument."""

    field: str
    name: str
    """Such as --optim.peak-lr; of a positional argument, the name of its value."""
    values: Values
    default: Any
    """MISSING if a value is required."""
    help: str
    is_positional: bool = False

    @property
    def short(self) -> str:
        """Return the one-letter name, or nothing."""
        return SHORT_NAMES.get(self.name, "")

    @property
    def opposite(self) -> str:
        """Return the name that turns a switch off."""
        prefix, dot, last = self.name.removeprefix("--").rpartition(".")
        return f"--{prefix}{dot}no-{last}"

    @property
    def shown_name(self) -> str:
        """Return the name; of a switch, the one that changes the default."""
        is_on = self.values.count == 0 and self.default is True
        return self.opposite if is_on else self.name

    @property
    def label(self) -> str:
        """Return the name with those of the values, as in `--start SECONDS`."""
        if self.is_positional:
            return self.values.shown
        return f"{self.shown_name} {self.values.shown}".rstrip()

    @property
    def is_required(self) -> bool:
        """Return whether there is no default."""
        return self.default is MISSING

    def build(self, given: Given) -> Any:
        """Return the given value, or the default."""
        return given.get(self.name, self.default)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that no flag sets."""

    field: str
    value: Any

    def build(self, _given: Given) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A mapping with one flag per key."""

    field: str
    parts: dict[Any, Flag]

    def build(self, given: Given) -> Any:
        """Return the entries that have a value."""
        values = {key: flag.build(given) for key, flag in self.parts.items()}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A record within the record of a command."""

    field: str
    title: str
    """Common beginning of its flags, such as `model.encoder`."""
    doc: str
    record: type
    parts: "tuple[Part, ...]"

    def build(self, given: Given) -> Any:
        """Return the record."""
        return self.record(**{part.field: part.build(given) for part in self.parts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A part of one of several kinds."""

    field: str
    kind: Flag
    chosen: Section | None

    def build(self, given: Given) -> Any:
        """Return the record of the chosen kind, or None."""
        return self.chosen.build(given) if self.chosen else None


Part = Flag | Fixed | Entries | Section | Choice


def flags_of(part: Part) -> Iterator[Flag]:
    """Yield all flags of a part."""
    match part:
        case Flag():
            yield part
        case Entries(parts=flags):
            yield from flags.values()
        case Section(parts=parts):
            for inner in parts:
                yield from flags_of(inner)
        case Choice(kind=kind, chosen=chosen):
            yield kind
            if chosen:
                yield from flags_of(chosen)
        case Fixed():
            pass
