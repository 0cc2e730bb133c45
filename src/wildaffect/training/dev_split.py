"""People of the training split that are set aside to choose an epoch."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from wildaffect.core.errors import SplitError
from wildaffect.core.sequences import FrameSequence


class DevSplit(NamedTuple):
    """Training sequences in two parts that share no person."""

    train: list[FrameSequence]
    dev: list[FrameSequence]


def split_subjects(
    sequences: Sequence[FrameSequence], share: float, *, seed: int
) -> DevSplit:
    """Set aside about a share of the people, at least one; the seed decides which.

    Raises:
        SplitError: If there are fewer than two people.
    """
    dev = hold_out_subjects([sequence.subject for sequence in sequences], share, seed=seed)
    return DevSplit(
        train=[sequence for sequence in sequences if sequence.subject not in dev],
        dev=[sequence for sequence in sequences if sequence.subject in dev],
    )


def hold_out_subjects(
    subjects: Iterable[str], share: float, *, seed: int
) -> frozenset[str]:
    """Return about a share of the people, at least one and not all; the seed decides which.

    Raises:
        SplitError: If there are fewer than two people.
    """
    people = sorted(set(subjects))
    if len(people) < 2:
        raise SplitError(
            f"dev split: training data must be of at least two people, got "
            f"{len(people)}; keep the last epoch instead"
        )
    order = np.random.default_rng((seed, 0x155)).permutation(len(people))
    num_dev = min(max(1, round(share * len(people))), len(people) - 1)
    return frozenset(people[index] for index in order[:num_dev])
