"""Subjects of several data sets, and the check that two data sets share none.

A subject name identifies one person within one family of data sets only: video `105` of
s-Aff-Wild2 is unrelated to a folder `105` of AffectNet. Every generated world numbers its
people from 0, so worlds are compared only if their seeds are equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import SplitError
from wildaffect.formats.generated import find_generated


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSet:
    """Subjects of some splits of one data set."""

    where: str
    family: str
    """Names are compared only with names of the same family."""
    subjects: frozenset[str]


def subject_set(data: Path, layout: str, splits: Iterable[Annotations]) -> SubjectSet:
    """Return the subjects of some splits of a data set.

    Args:
        data: Folder of the data set.
        layout: Name of its layout; the part before the first dash is its family.
        splits: Annotations of the splits.
    """
    names = {subject for split in splits for subject in split.subjects}
    world = find_generated(data)
    if world is None:
        return SubjectSet(
            where=str(data), family=layout.partition("-")[0], subjects=frozenset(names)
        )
    subjects = frozenset(name.rpartition("-")[0] or name for name in names)
    return SubjectSet(
        where=str(data), family=f"generated, seed {world.seed}", subjects=subjects
    )


def subject_overlap(first: SubjectSet, second: SubjectSet) -> frozenset[str]:
    """Return the subjects that are in both sets; empty for sets of different families."""
    if first.family != second.family:
        return frozenset()
    return first.subjects & second.subjects


def check_disjoint(training: Sequence[SubjectSet], held_out: SubjectSet) -> None:
    """Raise if a subject of `held_out` is also in a training set.

    Raises:
        SplitError: If subjects are shared; the message includes an example.
    """
    for subjects in training:
        shared = subject_overlap(subjects, held_out)
        if shared:
            raise SplitError(
                f"{held_out.where}: {len(shared)} subjects are also in {subjects.where}, "
                f"such as {min(shared)}; remove them from one of the two data sets"
            )
