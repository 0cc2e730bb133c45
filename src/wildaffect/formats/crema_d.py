"""CREMA-D: acted clips with votes of observers on the face alone (see `crema_d_tables`).

A row labels a whole clip. Soft labels are the shares of the votes; the class is the one
with the most votes, and a tie has none. What the actor was to show (intended emotion and
level) is in the clip's name alone and is no label here. Splits share no actor.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.acted import SPLITS, Actor, split_actors
from wildaffect.formats.clips import clip_rows
from wildaffect.formats.columns import build_annotations
from wildaffect.formats.crema_d_tables import (
    PEOPLE,
    SUMMARY,
    VOTES,
    FaceVotes,
    read_actors,
    read_face_summary,
    read_face_votes,
    spell_winners,
)
from wildaffect.formats.find import find_named
from wildaffect.formats.labels import CREMA_D_EXPRESSIONS
from wildaffect.formats.problems import Format, Kind, Problem, Reading
from wildaffect.formats.votes import labels_of_votes

CLIPS = "VideoFlash"
"""Folder of the clips."""
TERMS = (
    "CREMA-D is available under the Open Database License (ODbL) 1.0, its contents under "
    "the Database Contents License 1.0; name its source (Cao et al. 2014), and share "
    "databases that are derived from it alike"
)
LICENSE = "ODbL-1.0 and DbCL-1.0 (CREMA-D)"
_SPACES = LabelSpaces(expressions=CREMA_D_EXPRESSIONS)


def read_crema_d(path: Path, split: str) -> Reading:
    """Read the clips of one split.

    Args:
        path: `tabulatedVotes.csv`.
        split: `train`, `val` or `test`; lines that belong to none are reported with
            `train`.

    Raises:
        MissingData: If a table is missing.
        BadAnnotation: If a table has other columns, or an actor is described twice.
    """
    actors = read_people(path)
    splits = split_actors(actors.values())
    votes, problems = read_face_votes(path)
    problems += _unknown_actors(votes, splits, path)
    problems, votes = _compare_with_summary(votes, problems, path)
    of_line = {each.line: splits.get(each.clip.actor, "") for each in votes}
    rows = [each for each in votes if of_line[each.line] == split]
    own = [each for each in problems if (of_line.get(each.line) or "train") == split]
    return Reading(
        annotations=_to_annotations(rows, split, path),
        problems=tuple(sorted(own, key=lambda problem: problem.line)),
        num_rows=len(rows) + sum(problem.kind.loses_row for problem in own),
    )


def read_people(votes: Path) -> dict[str, Actor]:
    """Return the actors by name, from the table beside or above that of the votes.

    Raises:
        MissingData: If the table is in neither folder.
        BadAnnotation: If it has other columns, or describes an actor twice.
    """
    for folder in (votes.parent, votes.parent.parent):
        if (folder / PEOPLE).is_file():
            return read_actors(folder / PEOPLE)
    raise MissingData(
        f"{votes}: {PEOPLE} must lie in the same folder or the one above, got none; copy "
        "it from the data set"
    )


def find_crema_d(root: Path) -> dict[str, Path]:
    """Return the table of votes, which is shared by all three splits."""
    found = find_named(root, {VOTES: "train"})
    return dict.fromkeys(SPLITS, found["train"]) if found else {}


def _to_annotations(rows: list[FaceVotes], split: str, path: Path) -> Annotations:
    shape = (len(rows), len(CREMA_D_EXPRESSIONS))
    votes = np.array([row.votes for row in rows], float).reshape(shape)
    named, shares = labels_of_votes(votes)
    annotations = build_annotations(
        clip_rows(
            f"CREMA-D {split}",
            [f"{row.clip.name}.flv" for row in rows],
            [row.clip.actor for row in rows],
            lines=[row.line for row in rows],
            table=str(path),
        ),
        _SPACES,
        expression=named,
    )
    return replace(annotations, expression_shares=shares)


def _unknown_actors(
    votes: list[FaceVotes], splits: dict[str, str], path: Path
) -> list[Problem]:
    return [
        Problem(
            str(path),
            each.line,
            Kind.MISSING_PART,
            f"an actor must be in {PEOPLE}, got {each.clip.actor!r}",
        )
        for each in votes
        if each.clip.actor not in splits
    ]


def _compare_with_summary(
    votes: list[FaceVotes], problems: list[Problem], path: Path
) -> tuple[list[Problem], list[FaceVotes]]:
    """Mask votes that the summary contradicts; without a summary, nothing changes."""
    summary = path.parent / SUMMARY
    if not summary.is_file():
        return problems, votes
    stated = read_face_summary(summary)
    kept, wrong = [], []
    for each in votes:
        counted = spell_winners(each.winners)
        listed = stated.get(each.clip.name, counted)
        if counted and listed != counted:
            text = f"FaceVote of {SUMMARY} must agree, {counted!r}, got {listed[:20]!r}"
            wrong.append(Problem(str(path), each.line, Kind.OUT_OF_RANGE, text))
            kept.append(replace(each, votes=(0,) * len(each.votes)))
        else:
            kept.append(each)
    return [*problems, *wrong], kept


FORMAT = Format(
    name="crema-d",
    title="CREMA-D",
    layout=f"{VOTES} and {PEOPLE}, clips in {CLIPS}/",
    find=find_crema_d,
    read=read_crema_d,
    image_folders=(CLIPS,),
    first_frame=0,
    terms=TERMS,
    license=LICENSE,
)
