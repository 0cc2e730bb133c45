"""People of several data sets: who may not be in two of them.

A name means the same person within one family of data sets alone: video `105` of
s-Aff-Wild2 has nothing to do with a folder `105` of AffectNet. Generated worlds number
their people anew in every world; there the seed says who is who.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import SplitError
from wildaffect.formats.generated import find_generated


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The people of some splits of one data set."""

    where: str
    family: str
    """Names are compared with those of the same family only."""
    people: frozenset[str]


def crowd_of(data: Path, layout: str, splits: Iterable[Annotations]) -> Crowd:
    """Return who is in some splits of a data set.

    Args:
        data: Its folder.
        layout: Name of its layout; what stands before a dash is its family.
        splits: What was read of it.
    """
    subjects = {subject for one in splits for subject in one.subjects}
    world = find_generated(data)
    if world is None:
        return Crowd(
            where=str(data), family=layout.partition("-")[0], people=frozenset(subjects)
        )
    people = frozenset(one.rpartition("-")[0] or one for one in subjects)
    return Crowd(where=str(data), family=f"generated, seed {world.seed}", people=people)


def refuse_shared(crowds: Sequence[Crowd], strangers: Crowd) -> None:
    """Refuse people of `strangers` who are in any of the crowds.

    Raises:
        SplitError: If there are any; the message names one.
    """
    for crowd in crowds:
        shared = crowd.people & strangers.people
        if crowd.family == strangers.family and shared:
            raise SplitError(
                f"{strangers.where}: people must be others than those of {crowd.where}, "
                f"got {len(shared)} of both, such as {min(shared)}; take other people for "
                "one of the two"
            )
