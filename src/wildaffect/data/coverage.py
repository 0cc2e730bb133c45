"""How many annotated rows the feature sets reach, over all videos of a split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.config import Config
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence

_NUM_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(Config):
    """Annotated rows with and without features."""

    num_rows: int
    """Annotated rows, of all videos."""
    num_lost: int
    """Rows without any feature, which train nothing."""
    num_absent: dict[str, int]
    """Rows that each feature set does not reach, including the lost ones."""
    least: dict[str, tuple[str, ...]]
    """Videos that each feature set reaches least, the worst first; at most five."""

    def notes(self, where: str) -> tuple[str, ...]:
        """Return a line on each kind of loss.

        Args:
            where: Name of the annotations.
        """
        lines = []
        if self.num_lost:
            lines.append(
                f"{self.num_lost:,} of {self.num_rows:,} annotated frames of {where} have "
                "no features near in time and train nothing"
            )
        if len(self.num_absent) > 1:
            lines += [
                f"{name} is absent in {number:,} of {self.num_rows:,} annotated frames of "
                f"{where}, most in {', '.join(self.least[name])}"
                for name, number in self.num_absent.items()
                if number
            ]
        return tuple(lines)

    def check(self, where: str, max_share: float) -> None:
        """Check that no more than a share of the rows is lost or lacks a feature set.

        Raises:
            FeatureError: Naming the feature set and the videos that it reaches least.
        """
        for name, number in self.num_absent.items():
            if number > max_share * self.num_rows:
                raise FeatureError(
                    f"{where}: feature set {name} does not reach {number:,} of "
                    f"{self.num_rows:,} annotated frames "
                    f"({number / self.num_rows:.0%}, limit {max_share:.0%}), most in "
                    f"{', '.join(self.least[name])}; extract or import the rest, check "
                    "that times and frame numbers count alike, or raise max_lost_share in "
                    "the recipe"
                )


def coverage_of(
    annotations: Annotations,
    sequences: Sequence[FrameSequence],
    feature_sets: Sequence[str],
) -> Coverage:
    """Count the annotated rows that each feature set reaches.

    Args:
        annotations: Annotations of the split.
        sequences: One sequence per video that has features.
        feature_sets: Names of the feature sets, in the order of the columns.
    """
    totals = np.bincount(annotations.video_index, minlength=len(annotations.videos))
    place_of = {video: place for place, video in enumerate(annotations.videos)}
    reached = np.zeros((len(feature_sets) + 1, len(totals)), np.int64)
    for sequence in sequences:
        widths = sequence.set_widths or (sequence.features.shape[1],)
        firsts = np.cumsum((0, *widths[:-1]))
        has = sequence.has_feature
        present = [has & ~np.isnan(sequence.features[:, first]) for first in firsts]
        per_frame = np.stack([has, *present])
        if sequence.clip_level:  # one label that any of the frames can train
            per_frame[:] = per_frame.any(axis=1, keepdims=True)
        repeated = per_frame[:, sequence.sequence_row]
        reached[:, place_of[sequence.video]] = repeated.sum(axis=1)
    missed = totals - reached
    return Coverage(
        num_rows=int(totals.sum()),
        num_lost=int(missed[0].sum()),
        num_absent={
            name: int(each.sum())
            for name, each in zip(feature_sets, missed[1:], strict=True)
        },
        least={
            name: tuple(
                annotations.videos[place]
                for place in np.argsort(-each, kind="stable")[:_NUM_NAMED]
                if each[place]
            )
            for name, each in zip(feature_sets, missed[1:], strict=True)
        },
    )


def join_coverage(parts: Sequence[Coverage]) -> Coverage | None:
    """Return the coverage of several sets by the same feature sets; None without a set."""
    if not parts:
        return None
    names = parts[0].num_absent
    return Coverage(
        num_rows=sum(part.num_rows for part in parts),
        num_lost=sum(part.num_lost for part in parts),
        num_absent={name: sum(part.num_absent[name] for part in parts) for name in names},
        least={
            name: tuple(video for part in parts for video in part.least[name])[:_NUM_NAMED]
            for name in names
        },
    )
