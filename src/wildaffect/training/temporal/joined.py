"""Several sets of annotations, each with features of its own, trained on as one."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from wildaffect.core.errors import FeatureError, SplitError, UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.data.coverage import join_coverage
from wildaffect.features.store import FeatureStore
from wildaffect.inference.manifest import DataSource
from wildaffect.training.temporal.job import TemporalJob, dev_videos, train_described
from wildaffect.training.temporal.load import Split, describe_data
from wildaffect.training.temporal.runs import RunData, TrainedModel


class Part(NamedTuple):
    """One set of annotations to train on."""

    split: Split
    store: FeatureStore
    license: str


def train_joined(job: TemporalJob, parts: Sequence[Part], folder: Path) -> TrainedModel:
    """Train on several sets into the folder of a run, or resume there.

    Args:
        job: What to train; the sets have stores and licenses of their own.
        parts: Sets with the same label spaces and no video or subject in common.
        folder: Folder of the run.

    Raises:
        UsageError: If the label spaces differ, or the folder contains another run.
        SplitError: If two sets share a video or a subject.
        FeatureError: If features of two sets were computed differently.
        Diverged: If the loss is not finite.
    """
    sequences = [sequence for part in parts for sequence in part.split.sequences]
    _check_apart(parts)
    dev = set(dev_videos(job.recipe, sequences))
    described = [
        describe_data(
            part.split,
            part.store,
            job.recipe,
            dev=tuple(s.video for s in part.split.sequences if s.video in dev),
            source=DataSource(name=part.split.annotations.source, license=part.license),
        )
        for part in parts
    ]
    return train_described(job, sequences, join_data(described), folder)


def join_data(parts: Sequence[RunData]) -> RunData:
    """Return the data record of a run on several sets.

    Raises:
        UsageError: If the label spaces differ.
        FeatureError: If features of two sets were computed differently.
    """
    first = parts[0]
    for part in parts[1:]:
        if part.spaces != first.spaces:
            raise UsageError(
                f"{part.annotations}: label spaces must be those of {first.annotations}, "
                f"got {part.spaces.expressions.name} and {part.spaces.action_units.name}"
            )
        if _features(part) != _features(first):
            raise FeatureError(
                f"{part.annotations}: features must be computed as those of "
                f"{first.annotations}, got other networks, crops or columns; extract both "
                "again"
            )
    hashes = "".join(f"{part.annotations_sha256}\n" for part in parts)
    return replace(
        first,
        annotations="; ".join(part.annotations for part in parts),
        annotations_sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        train_videos=tuple(video for part in parts for video in part.train_videos),
        dev_videos=tuple(video for part in parts for video in part.dev_videos),
        times_are_guessed=any(part.times_are_guessed for part in parts),
        coverage=join_coverage([part.coverage for part in parts if part.coverage]),
        sources=tuple(source for part in parts for source in part.sources),
    )


def _features(data: RunData) -> tuple[dict[str, int], *tuple[dict[str, str], ...]]:
    return (
        data.input_widths,
        data.feature_digests,
        data.crop_digests,
        data.column_digests,
    )


def _check_apart(parts: Sequence[Part]) -> None:
    for what, names_of in (("video", _videos), ("subject", _subjects)):
        seen: set[str] = set()
        for part in parts:
            names = set(names_of(part.split.sequences))
            if both := sorted(seen & names):
                raise SplitError(
                    f"{part.split.annotations.source}: no {what} may be in two sets, got "
                    f"{', '.join(both[:5])} ({len(both)} in all)"
                )
            seen |= names


def _videos(sequences: Iterable[FrameSequence]) -> Iterable[str]:
    return (sequence.video for sequence in sequences)


def _subjects(sequences: Iterable[FrameSequence]) -> Iterable[str]:
    return (sequence.subject for sequence in sequences)
