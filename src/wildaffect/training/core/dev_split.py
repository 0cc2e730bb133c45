"""Dev split: training subjects held out to select the best epoch."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from wildaffect.core.errors import SplitError
from wildaffect.core.sequences import FrameSequence


class DevSplit(NamedTuple):
    """Training sequences in two parts that share no subject."""

    train: list[FrameSequence]
    dev: list[FrameSequence]


def split_subjects(
    sequences: Sequence[FrameSequence], share: float, *, seed: int
) -> DevSplit:
    """Hold out about a share of the subjects, at least one; the seed determines which.

    Raises:
        SplitError: If there are fewer than two subjects.
    """
    dev = hold_out_subjects([sequence.subject for sequence in sequences], share, seed=seed)
    return DevSplit(
        train=[sequence for sequence in sequences if sequence.subject not in dev],
        dev=[sequence for sequence in sequences if sequence.subject in dev],
    )


def hold_out_subjects(
    subjects: Iterable[str], share: float, *, seed: int
) -> frozenset[str]:
    """Return about a share of the subjects, at least one and not all.

    Raises:
        SplitError: If there are fewer than two subjects.
    """
    unique = sorted(set(subjects))
    if len(unique) < 2:
        raise SplitError(
            f"dev split: training data must have at least two subjects, got {len(unique)}; "
            "keep the last epoch instead"
        )
    order = np.random.default_rng((seed, 0x155)).permutation(len(unique))
    num_dev = min(max(1, round(share * len(unique))), len(unique) - 1)
    return frozenset(unique[index] for index in order[:num_dev])
