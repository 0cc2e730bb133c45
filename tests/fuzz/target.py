"""A kind of file that is spoiled, and what reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mutations import mutate

Mutation = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A whole input before it is spoiled."""

    files: Mapping[str, bytes]
    """By path below the folder of the case."""
    main: str = ""
    """What is read; empty for the folder itself."""
    spoiled: Mapping[str, Mutation] = field(default_factory=dict)
    """Files that are spoiled, one at a time, and how; empty for `main`, byte by byte."""
    seal: Callable[[Path], None] | None = None
    """Makes checksums right again, so that what lies behind them is tried too."""


@dataclass(slots=True, kw_only=True)
class Target:
    """A kind of input with the function of the package that takes it from a user."""

    name: str
    make: Callable[[], Sequence[Seed]]
    read: Callable[[Path], object]
    may_say_more: bool = False
    """True if its errors may have more than one line."""
    weight: int = 1
    """Cases against those of other targets."""
    _seeds: Sequence[Seed] = ()

    def prepare(self) -> None:
        """Make the seeds and load what reads them."""
        if not self._seeds:
            self._seeds = self.make()
            for seed in self._seeds:
                assert seed.files

    def spoil(self, folder: Path, random: Random) -> Path:
        """Write a seed with one file spoiled; return what is to be read."""
        seed = random.choice(self._seeds)
        spoiled = seed.spoiled or {seed.main: mutate}
        chosen = random.choice(sorted(spoiled))
        for name, content in seed.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(spoiled[name](content, random) if name == chosen else content)
        if seed.seal and random.random() < 0.7:
            seed.seal(folder)
        return folder / seed.main if seed.main else folder


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder as seeds want them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
