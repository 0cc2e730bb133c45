"""Votes of observers on expressions: a soft label, and the class with the most votes.

In a manifest they stand in one column per class, such as `votes:Happiness`. They are counts
or probabilities, and become shares of their sum. A row has votes for every class that has a
column, or for none; a class without a column has no votes.

Symbols: N rows, C classes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import LabelSpace
from wildaffect.formats.columns import Code, decode
from wildaffect.formats.lines import Column
from wildaffect.formats.problems import Kind, Problem

PREFIX = "votes:"
_MOST = 10**9
"""Largest number of votes: sums stay finite."""
Votes = NDArray[np.float64]


def is_votes(name: str) -> bool:
    """Return whether a column of a manifest holds votes."""
    return name.startswith(PREFIX)


def check_votes(path: Path, names: Iterable[str], space: LabelSpace) -> None:
    """Check that columns of votes name at least two classes of the label space.

    Raises:
        BadAnnotation: If they do not.
    """
    voted = [name for name in names if is_votes(name)]
    for name in voted:
        if name.removeprefix(PREFIX) not in space.labels:
            raise BadAnnotation(
                path,
                1,
                f"votes must be for {', '.join(space.labels)}, got {name[:60]!r}; a column "
                "such as expression[calm|angry|happy], which may be empty, names others",
            )
    if len(voted) == 1:
        raise BadAnnotation(
            path, 1, f"votes must be given for at least two classes, got {voted[0]!r} alone"
        )


def read_votes(
    named: Mapping[str, Column], space: LabelSpace, *, path: str, lines: NDArray[np.int64]
) -> tuple[Votes, list[Problem]]:
    """Return the votes of every row, shape (N, C), and what is wrong with some.

    A row with a problem has no votes.
    """
    votes = np.zeros((len(lines), len(space)))
    blank, wrong = np.zeros(votes.shape, bool), np.zeros(len(lines), bool)
    has_column = np.zeros(len(space), bool)
    problems: list[Problem] = []
    for name in filter(is_votes, named):
        column, place = named[name], space.index(name.removeprefix(PREFIX))
        code = Code(name=name, low=0, high=_MOST, missing=(), integral=False)
        field, found = decode(column, code, path=path, lines=lines)
        has_column[place] = True
        blank[:, place] = np.array([not token for token in column.tokens])[column.codes]
        votes[:, place] = field.values
        wrong |= ~field.valid & ~blank[:, place]
        blank_lines = set(lines[blank[:, place]].tolist())
        problems += [each for each in found if each.line not in blank_lines]
    num_blank = blank.sum(axis=1)
    partly = (num_blank > 0) & (num_blank < has_column.sum())
    for row in np.flatnonzero(partly).tolist():
        label = space.labels[int(blank[row].argmax())]
        text = (
            f"votes must be given for every class or for none, got a blank {PREFIX}{label}"
        )
        line = int(lines[row])
        problems.append(Problem(path, line, Kind.UNREADABLE_VALUE, f"{text}; write 0"))
    votes[partly | wrong] = 0
    return votes, problems


def labels_of_votes(votes: Votes) -> tuple[TaskColumn, TaskColumn]:
    """Return the class with the most votes, shape (N,), and the shares, shape (N, C).

    A tie has shares and no class; a row without a vote has neither.
    """
    total = votes.sum(axis=1)
    is_voted = total > 0
    shares = votes / np.where(is_voted, total, 1.0)[:, None]
    is_most = votes == votes.max(axis=1, initial=0.0)[:, None]
    return (
        TaskColumn(is_most.argmax(axis=1), is_voted & (is_most.sum(axis=1) == 1)),
        TaskColumn(
            shares.astype(np.float32), np.repeat(is_voted[:, None], votes.shape[1], axis=1)
        ),
    )


def with_votes(
    expression: TaskColumn | None,
    votes: Votes,
    space: LabelSpace,
    *,
    path: str,
    lines: NDArray[np.int64],
) -> tuple[TaskColumn, TaskColumn, list[Problem]]:
    """Return classes and shares of rows with votes, and where the two contradict.

    The class is the one that is given, else the one with the most votes. A class that is
    given and has fewer votes than another is a problem; the row then has neither label.
    """
    most, shares = labels_of_votes(votes)
    if expression is None:
        return most, shares, []
    given = expression.values.astype(np.int64)
    own = np.take_along_axis(votes, given[:, None], axis=1)[:, 0]
    differs = expression.valid & (own < votes.max(axis=1, initial=0.0))
    problems = [
        Problem(
            path,
            int(lines[row]),
            Kind.OUT_OF_RANGE,
            "expression must be the class with the most votes, "
            f"{space.labels[int(votes[row].argmax())]}, got {space.labels[given[row]]!r}; "
            "correct one, or leave one blank",
        )
        for row in np.flatnonzero(differs).tolist()
    ]
    return (
        TaskColumn(
            np.where(expression.valid, given, most.values),
            (expression.valid | most.valid) & ~differs,
        ),
        TaskColumn(shares.values, shares.valid & ~differs[:, None]),
        problems,
    )
