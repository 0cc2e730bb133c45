"""Registry of parts that other code can add: encoders, backbones, losses, recipes, formats.

A package can add a part in two ways: it registers the part when it is imported, or it
declares an entry point, which is loaded when the part is requested.
"""

import warnings
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from wildaffect.core.errors import UsageError

Part = TypeVar("Part")


class Registry(Mapping[str, Part], Generic[Part]):
    """Parts of one kind: those of this library, registered ones, and entry points.

    Args:
        kind: Name of the kind of part in messages, such as `recipe`.
        group: Group of entry points in which packages declare theirs.
        parts: Parts of this library.
        hint: Other accepted names, for the message about an unknown name.
        listed_by: Command that lists all names, for the same message; without it, the
            message lists them if none is near.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        parts: Mapping[str, Part] | None = None,
        *,
        hint: str = "",
        listed_by: str = "",
    ) -> None:
        self.kind, self.group = kind, group
        self._hint, self._listed_by = hint, listed_by
        self._parts = dict(parts or {})

    def register(self, name: str, part: Part, *, replace: bool = False) -> None:
        """Add a part.

        Args:
            name: Name of the part.
            part: What `find` returns for that name.
            replace: Replace an existing part of that name, as in a notebook whose cells run
                twice.

        Raises:
            ValueError: If the name is empty or taken.
        """
        if not name:
            raise ValueError(f"{self.kind}: the name must not be empty")
        if name in self and not replace:
            raise ValueError(
                f"{self.kind}: the name {name!r} is taken; choose another, or set replace"
            )
        self._parts[name] = part

    def available(self) -> dict[str, Part]:
        """Return every part that can be loaded; a warning lists the others."""
        found = {}
        for name in self:
            try:
                found[name] = self[name]
            except UsageError as error:
                warnings.warn(str(error), stacklevel=2)
        return found

    def find(self, name: str) -> Part:
        """Return a part, loading the package that declares it.

        Raises:
            UsageError: If there is no part of that name; the message suggests the nearest.
                If the package that declares it cannot be imported.
        """
        if name in self:
            return self[name]
        advice = " ".join(
            filter(None, (self._names_for(name), self._hint, self._how_to_add()))
        )
        raise UsageError(f"no {self.kind} {name!r}; {advice[0].lower()}{advice[1:]}")

    def __getitem__(self, name: str) -> Part:
        if name not in self._parts:
            self._parts[name] = self._load(name)
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._parts, *self._declared())))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._parts or name in self._declared()

    def _names_for(self, name: str) -> str:
        near = get_close_matches(name, self, n=3, cutoff=0.5)
        if near:
            return f"did you mean {', '.join(near)}?"
        if self._listed_by:
            return f"`{self._listed_by}` shows all."
        return f"known: {', '.join(sorted(self))}." if self else ""

    def _how_to_add(self) -> str:
        return (
            f"Your own must be registered first, or be an entry point in {self.group} of "
            "an installed package (docs/extending.md)"
        )

    def _declared(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points of each name, those of this library first."""
        declared: dict[str, list[EntryPoint]] = {}
        for entry in entry_points(group=self.group):
            declared.setdefault(entry.name, []).append(entry)
        return declared

    def _load(self, name: str) -> Part:
        entries = self._declared()[name]
        packages = [entry.dist.name if entry.dist else "a package" for entry in entries]
        if len(entries) > 1:
            raise UsageError(
                f"{self.kind} {name!r}: declared by several packages "
                f"({', '.join(packages)}); remove all but one"
            )
        entry, package = entries[0], packages[0]
        try:
            part: Part = entry.load()
        except Exception as error:
            raise UsageError(
                f"{self.kind} {entry.name!r}: {package} declares it as {entry.value}, "
                f"which cannot be imported ({type(error).__name__}: {error}); repair or "
                f"remove {package}"
            ) from error
        return part
