"""Parts of a list of jobs that run independently, as in a job array of a cluster."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from wildaffect.core.errors import UsageError

Item = TypeVar("Item")

_SHARD = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `count`, counted from 1."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, given: str | None) -> Self:
        """Return the shard of a text such as `3/10`; the whole for None.

        Raises:
            UsageError: If it is no such text, or the number is not from 1 to the count.
        """
        if given is None:
            return cls()
        match = _SHARD.fullmatch(given.strip())
        if match is None:
            raise UsageError(f"--shard {given}: must be I/N, such as 3/10")
        number, count = int(match[1]), int(match[2])
        if not 1 <= number <= count:
            raise UsageError(
                f"--shard {given}: parts are numbered from 1 to {count}; "
                f"an array of jobs must start at 1, as in --array=1-{max(count, 1)}"
            )
        return cls(number, count)

    def of(self, items: Sequence[Item]) -> list[Item]:
        """Return every item of this part; each item belongs to exactly one."""
        return list(items[self.number - 1 :: self.count])
