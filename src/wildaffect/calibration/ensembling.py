"""Combination of several models' outputs on the same rows.

Symbols: M members, V videos, N rows of all videos, K outputs of a task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadOutputs
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.inference.manifest import Affine

Outputs = Sequence[SequenceOutputs]
"""Outputs of one model for V videos."""
Rescaling = Mapping[Task, Affine]
"""Affine map from one member's valence or arousal to the common moments."""

SCALED_TASKS = (Task.VALENCE, Task.AROUSAL)


def average(
    members: Sequence[Outputs],
    weights: Sequence[float] | None = None,
    *,
    rescaling: Sequence[Rescaling] | None = None,
) -> tuple[SequenceOutputs, ...]:
    """Return the weighted mean of values and probabilities, and the spread over members.

    Each task is averaged over the members that predict it; with a single member it has no
    spread. An artifact with the same members, weights and rescaling gives the same values.

    Args:
        members: Outputs of each member, the same videos and rows in the same order; they
            may differ in tasks.
        weights: Weight of each member, positive; None for equal weights.
        rescaling: Result of `centering`; None for no rescaling.

    Raises:
        BadOutputs: If members differ in videos, rows or number of labels, or a weight is
            not positive.
    """
    check_aligned(members)
    share = _shares(members, weights)
    return tuple(
        _average_video(videos, rescaling or [{}] * len(members), share)
        for videos in zip(*members, strict=True)
    )


def centering(
    members: Sequence[Outputs], weights: Sequence[float] | None = None
) -> tuple[dict[Task, Affine], ...]:
    """Return the rescaling of each member's valence and arousal to the common moments.

    A member with the right shape but another scale lowers the CCC of a plain mean,
    which counts shift and scale as errors. Each member m is therefore mapped to
    (v - mean_m) * S / sd_m + M before the mean, with M and S the weighted means of the
    members' means and standard deviations over all rows. A constant member keeps its scale.

    Args:
        members: Outputs of each member on unlabeled or labeled videos, as for `average`.
        weights: As for `average`.

    Raises:
        BadOutputs: As `average` does.
    """
    check_aligned(members)
    share = _shares(members, weights)
    affines: tuple[dict[Task, Affine], ...] = tuple({} for _ in members)
    for task in SCALED_TASKS:
        places = predicting(members, task)
        if not places:
            continue
        values = _pooled([members[i] for i in places], task)[..., 0].astype(np.float64)
        means, sds = values.mean(1), values.std(1)
        own = share[places] / share[places].sum()
        common_mean, common_sd = float(own @ means), float(own @ sds)
        for place, mean, sd in zip(places, means.tolist(), sds.tolist(), strict=True):
            scale = common_sd / sd if sd > 0 else 1.0
            affines[place][task] = Affine(scale=scale, offset=common_mean - scale * mean)
    return affines


def rescale(outputs: Outputs, change: Rescaling) -> tuple[SequenceOutputs, ...]:
    """Return a member's outputs with valence and arousal rescaled, clipped to [-1, 1]."""

    def moved(task: Task, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if task not in change:
            return values
        raw = change[task].scale * values.astype(np.float64) + change[task].offset
        return np.clip(raw, -1.0, 1.0).astype(np.float32)

    return tuple(
        replace(output, probs={task: moved(task, v) for task, v in output.probs.items()})
        for output in outputs
    )


def correlations(members: Sequence[Outputs]) -> dict[Task, NDArray[np.float64]]:
    """Return the correlations between members, shape (M, M) for each task.

    NaN marks members that do not predict it. Pearson's correlation over all rows; for
    expressions and action units the mean over classes and units, without those that are
    constant for a member. Highly correlated members add little to an ensemble.

    Raises:
        BadOutputs: As `average` does.
    """
    check_aligned(members)
    found = {}
    for task in predicted(members):
        places = predicting(members, task)
        found[task] = np.full((len(members), len(members)), np.nan)
        found[task][np.ix_(places, places)] = _correlation(
            _pooled([members[i] for i in places], task)
        )
    return found


def predicted(members: Sequence[Outputs]) -> tuple[Task, ...]:
    """Return the tasks that any member predicts, in the order of `Task`."""
    return tuple(task for task in Task if predicting(members, task))


def predicting(members: Sequence[Outputs], task: Task) -> list[int]:
    """Return which members predict a task."""
    return [place for place, member in enumerate(members) if task in member[0].probs]


def check_aligned(members: Sequence[Outputs]) -> None:
    """Reject members with different rows or different labels of a task.

    Raises:
        BadOutputs: Naming the first difference to an earlier member.
    """
    if not members or not members[0]:
        raise BadOutputs("ensemble: members must be at least one with a video, got none")
    first = members[0]
    videos = [output.video for output in first]
    for number, member in enumerate(members):
        where = f"member {number} of the ensemble"
        named = [output.video for output in member]
        if named != videos:
            odd = sorted(set(named) ^ set(videos))[:3]
            raise BadOutputs(
                f"{where}: videos must be those of member 0 in its order, got {len(named)} "
                f"for {len(videos)}; in one only: {', '.join(odd) or 'none'}"
            )
        for mine, other in zip(first, member, strict=True):
            if not np.array_equal(mine.frame_number, other.frame_number):
                raise BadOutputs(
                    f"{where}: {other.video}: frames must be those of member 0, got "
                    f"{len(other)} for {len(mine)}, or others of the same number"
                )
        _check_tasks(where, member)
    for task in predicted(members):
        places = predicting(members, task)
        widths = [members[place][0].probs[task].shape[1:] for place in places]
        for place, width in zip(places, widths, strict=True):
            if width != widths[0]:
                raise BadOutputs(
                    f"member {place} of the ensemble: {task} must have as many labels as "
                    f"that of member {places[0]}, {widths[0]}, got {width}"
                )


def _check_tasks(where: str, member: Outputs) -> None:
    """Reject a member without predictions, or whose tasks differ between videos."""
    tasks = list(member[0].probs)
    if not tasks:
        raise BadOutputs(f"{where}: must predict a task at least, got none")
    for output in member:
        if set(output.probs) != set(tasks):
            raise BadOutputs(
                f"{where}: {output.video}: tasks must be those of {member[0].video} "
                f"({', '.join(tasks)}), got {', '.join(output.probs) or 'none'}"
            )


def _shares(
    members: Sequence[Outputs], weights: Sequence[float] | None
) -> NDArray[np.float64]:
    given = np.array(weights if weights is not None else [1.0] * len(members))
    if given.shape != (len(members),) or not (np.isfinite(given) & (given > 0)).all():
        raise BadOutputs(
            f"ensemble: weights must be positive, one for each of {len(members)} members, "
            f"got {given.tolist()}"
        )
    return given / given.sum()


def _average_video(
    members: Sequence[SequenceOutputs],
    rescaling: Sequence[Rescaling],
    share: NDArray[np.float64],
) -> SequenceOutputs:
    probs, spread = {}, {}
    for task in Task:
        places = [i for i, output in enumerate(members) if task in output.probs]
        if not places:
            continue
        model_outputs = np.stack(
            [members[i].probs[task].astype(np.float64) for i in places]
        )
        for values, place in zip(model_outputs, places, strict=True):
            if task in rescaling[place]:
                affine = rescaling[place][task]
                values[:] = np.clip(affine.scale * values + affine.offset, -1.0, 1.0)
        own = share[places] / share[places].sum()
        mean = np.tensordot(own, model_outputs, axes=1)
        probs[task] = mean.astype(np.float32)
        if len(places) > 1:
            variance = np.tensordot(own, (model_outputs - mean) ** 2, axes=1)
            spread[task] = np.sqrt(variance).astype(np.float32)
    return SequenceOutputs(
        video=members[0].video,
        frame_number=members[0].frame_number,
        time_s=members[0].time_s,
        probs=probs,
        spread=spread,
    )


def _pooled(members: Sequence[Outputs], task: Task) -> NDArray[np.float32]:
    """Return a task's outputs of all members over all rows, shape (M, N, K)."""
    return np.stack(
        [
            np.concatenate(
                [output.probs[task].reshape(len(output), -1) for output in member]
            )
            for member in members
        ]
    )


def _correlation(values: NDArray[np.float32]) -> NDArray[np.float64]:
    centered = values - values.mean(1, keepdims=True, dtype=np.float64)
    lengths = np.sqrt((centered**2).sum(1))  # (M, K)
    products = np.einsum("mnk,onk->kmo", centered, centered)
    norms = np.einsum("mk,ok->kmo", lengths, lengths)
    moving = norms > 0
    cells = np.where(moving, products / np.where(moving, norms, 1.0), 0.0)
    num_moving = moving.sum(0)
    mean = cells.sum(0) / np.maximum(num_moving, 1)
    return np.where(num_moving > 0, mean, np.nan)
