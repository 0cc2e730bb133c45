"""Shared code of readers of acted clips: a row labels a whole clip of one actor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wildaffect.formats.columns import Rows

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


def clip_rows(
    source: str,
    files: Sequence[str],
    actors: Sequence[str],
    *,
    lines: Sequence[int],
    table: str = "",
) -> Rows:
    """Return one row per clip; a clip that is listed twice is one video with two rows.

    Args:
        source: Name of the data set and split in messages.
        files: File of each clip relative to the clips' folder.
        actors: Actor of each clip.
        lines: Line of each clip in the table, 0 without one.
        table: Path of the table; empty if the labels are in the file names.
    """
    place: dict[str, int] = {}
    people: dict[str, str] = {}
    index = []
    for file, actor in zip(files, actors, strict=True):
        video = file.rpartition("/")[2].rpartition(".")[0]
        index.append(place.setdefault(video, len(place)))
        people[video] = actor
    return Rows(
        source=source,
        videos=list(place),
        video_index=np.array(index, np.int64),
        frame_number=np.zeros(len(files), np.int64),
        images=files,
        lines=np.array(lines, np.int64),
        files=(table,) * len(place) if table else (),
        subjects=list(people.values()),
    )
