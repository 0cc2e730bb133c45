"""Scores by groups of people: sex, age and ancestry, with intervals over people.

A group of fewer than `MIN_PEOPLE` people has no score: it would tell more of these people
than of the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from real_faces_scores import PersonStatistics, Prediction, intervals
from real_faces_sets import ImageSet

from wildaffect.metrics.bootstrap import Interval

MIN_PEOPLE = 8
"""Minimum number of people in a group with a score."""
SCORE = "balanced accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group of people, such as women."""

    kind: str
    """What is distinguished, such as `sex`."""
    value: str
    num_people: int
    num_images: int
    score: Interval | None
    """Balanced accuracy; None for fewer than `MIN_PEOPLE` people."""


def group_scores(
    images: ImageSet, predictions: Sequence[Prediction], *, num_resamples: int
) -> list[GroupScore]:
    """Return the score of every group that the set distinguishes, in order of names."""
    found = {(k, v) for image in images.images for k, v in image.groups.items()}
    return [
        _score(images, predictions, kind, value, num_resamples)
        for kind, value in sorted(found)
    ]


def _score(
    images: ImageSet,
    predictions: Sequence[Prediction],
    kind: str,
    value: str,
    num_resamples: int,
) -> GroupScore:
    pairs = [
        (image, prediction)
        for image, prediction in zip(images.images, predictions, strict=True)
        if image.groups.get(kind) == value
    ]
    own = ImageSet(name=images.name, images=tuple(image for image, _ in pairs))
    people = {image.person for image in own.images}
    score = None
    if len(people) >= MIN_PEOPLE:
        statistics = PersonStatistics.of(own, [prediction for _, prediction in pairs])
        score = intervals(statistics, num_resamples=num_resamples)[SCORE]
    return GroupScore(
        kind=kind,
        value=value,
        num_people=len(people),
        num_images=len(pairs),
        score=score,
    )


def group_rows(groups: Sequence[GroupScore]) -> list[list[str]]:
    """Return the cells of a table: kind, group, people, clips, score."""
    return [
        [g.kind, g.value, f"{g.num_people}", f"{g.num_images}", _cell(g)] for g in groups
    ]


def group_json(group: GroupScore) -> dict[str, object]:
    """Return a group with numbers in full, null without a score."""
    score = None
    if group.score is not None:
        ends = (group.score.value, group.score.low, group.score.high)
        score = [float(end) if np.isfinite(end) else None for end in ends]
    return {
        "kind": group.kind,
        "value": group.value,
        "people": group.num_people,
        "images": group.num_images,
        SCORE: score,
    }


def _cell(group: GroupScore) -> str:
    if group.score is None:
        return f"fewer than {MIN_PEOPLE} people"
    if not np.isfinite(group.score.value):
        return "-"
    if not np.isfinite(group.score.low):
        return f"{group.score.value:.2f}"
    return f"{group.score.value:.2f} [{group.score.low:.2f}, {group.score.high:.2f}]"
