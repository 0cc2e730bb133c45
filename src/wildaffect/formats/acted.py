"""Shared code of readers of acted clips: the actors and their splits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Sex = Literal["female", "male"]
SPLITS = ("train", "val", "test")
_PERIOD, _VAL, _TEST = 6, 2, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One filmed person, as the data set describes them."""

    name: str
    sex: Sex
    age: int | None = None
    """Age in years when filmed; None if not stated."""
    ancestry: str = ""
    """Word of the data set, such as `African American`; empty if not stated."""
    ethnicity: str = ""
    """Word of the data set, such as `Hispanic`; empty if not stated."""


def split_actors(actors: Iterable[Actor]) -> dict[str, str]:
    """Return the split of each actor: about two thirds train, a sixth each val and test.

    Every sixth of the actors in the order of sex, ancestry, age and name is in val, and
    every sixth in test: the three splits have nearly the same composition, depend on no
    random number and on no clip, and share no actor.
    """
    ordered = sorted(actors, key=lambda a: (a.sex, a.ancestry, a.age or 0, a.name))
    named = {_VAL: "val", _TEST: "test"}
    return {
        actor.name: named.get(place % _PERIOD, "train")
        for place, actor in enumerate(ordered)
    }
