"""Training and validation videos: official splits, folds, and their files.

A group is kept in one fold: a video, or all videos of a subject. Symbols: G groups,
C counted properties (frames, labels of each kind), k folds.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from wildaffect.core.annotations import Annotations
from wildaffect.core.config import STRICT, first_problem
from wildaffect.core.errors import SplitError
from wildaffect.core.files import write_whole
from wildaffect.core.names import check_bare_name
from wildaffect.core.tasks import Task

Counts = NDArray[np.float64]
Kind = Literal["official", "by-video", "subject-disjoint"]

NUM_RESTARTS = 30
"""Number of random orders to try; the best order is improved by swaps."""
MAX_SWEEPS = 4
"""Maximum number of rounds of moves and swaps; usually converges earlier."""
VALUE_BINS = np.array([-0.5, 0.0, 0.5])
"""Bounds of the four ranges in which valence and arousal are balanced."""
MIN_SHARE = 0.002
"""Minimum frequency of a property among the frames to be balanced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Training and validation videos; disjoint in videos and, on request, in subjects."""

    name: str
    """Name of the folder of its run."""
    train: tuple[str, ...]
    val: tuple[str, ...]

    def __post_init__(self) -> None:
        check_bare_name("fold", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """One or more folds over the same videos."""

    kind: Kind
    source: str
    """Name of the annotations that were split."""
    subjects: dict[str, str]
    """Subject of every video, for the leak check."""
    folds: tuple[Fold, ...]
    seed: int | None = None
    """Seed of the random orders; None for official splits."""
    imbalance: dict[str, float] | None = None
    """Worst relative deviation of a fold's share from 1 / k, by property; 0 is even."""

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        for fold in self.folds:
            _check_fold(fold, self.subjects, self.kind)
        if self.kind != "official":
            validated = sorted(video for fold in self.folds for video in fold.val)
            if validated != sorted(self.subjects):
                raise SplitError(
                    f"{self.source}: each video must be validated in exactly one fold, got "
                    f"{len(validated)} in folds of {len(self.subjects)}"
                )

    def digest(self) -> str:
        """Return the hash of everything above, 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def k_folds(
    annotations: Annotations,
    k: int,
    *,
    seed: int,
    kind: Literal["by-video", "subject-disjoint"] = "by-video",
) -> Splits:
    """Divide videos or subjects into k folds, balanced in frames and labels.

    The same annotations, k, kind and seed give the same folds.

    Raises:
        SplitError: If there are fewer groups than folds, or k is below 2.
    """
    subjects = dict(zip(annotations.videos, annotations.subjects, strict=True))
    group_of = subjects if kind == "subject-disjoint" else {v: v for v in subjects}
    groups = sorted(set(group_of.values()))
    if not 2 <= k <= len(groups):
        raise SplitError(
            f"{annotations.source}: folds must be 2 to {len(groups)} (the groups that stay "
            f"together), got {k}"
        )
    names, per_video = _count(annotations)
    per_group = np.zeros((len(groups), len(names)))
    for row, video in enumerate(annotations.videos):
        per_group[groups.index(group_of[video])] += per_video[row]
    fold_of_group = _assign(per_group, k, np.random.default_rng(seed))
    fold_of = {v: int(fold_of_group[groups.index(g)]) for v, g in group_of.items()}
    return Splits(
        kind=kind,
        source=annotations.source,
        subjects=subjects,
        folds=tuple(
            Fold(
                name=f"fold{fold}",
                train=tuple(v for v in annotations.videos if fold_of[v] != fold),
                val=tuple(v for v in annotations.videos if fold_of[v] == fold),
            )
            for fold in range(k)
        ),
        seed=seed,
        imbalance=_imbalance(names, per_group, fold_of_group, k),
    )


def save_splits(splits: Splits, path: Path) -> str:
    """Write folds with their hash, and return it."""
    digest = splits.digest()
    content = {"sha256": digest, "splits": asdict(splits)}
    write_whole(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
    return digest


def load_splits(path: Path, annotations: Annotations | None = None) -> Splits:
    """Read folds; check their hash, leaks, and that `annotations` are those split.

    Raises:
        SplitError: If the file was modified, a video or subject is in both training and
            validation, or the annotations have other videos or subjects.
    """
    try:
        content = from_json(path.read_bytes())
        splits = TypeAdapter(Splits).validate_python(content["splits"])
        stated = content["sha256"]
    except ValidationError as error:
        raise SplitError(
            f"{path}: file must be one of saved splits, got {first_problem(error)}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SplitError(
            f"{path}: file must be one of saved splits, got {error}"
        ) from error
    if splits.digest() != stated:
        raise SplitError(
            f"{path}: content must have the hash it states, {stated}, got "
            f"{splits.digest()}; make the splits again instead of editing the file"
        )
    if annotations is not None:
        _check_annotations(splits, annotations, path)
    return splits


def _check_fold(fold: Fold, subjects: dict[str, str], kind: Kind) -> None:
    for what, train, val in (
        ("video", fold.train, fold.val),
        ("subject", [subjects[v] for v in fold.train], [subjects[v] for v in fold.val]),
    ):
        both = sorted(set(train) & set(val))
        if both and (what == "video" or kind == "subject-disjoint"):
            raise SplitError(
                f"{fold.name}: no {what} may be in both train and val, got "
                f"{', '.join(both[:5])} ({len(both)} in all)"
            )


def _check_annotations(splits: Splits, annotations: Annotations, path: Path) -> None:
    given = dict(zip(annotations.videos, annotations.subjects, strict=True))
    unknown = sorted(given.keys() - splits.subjects.keys())
    other = sorted(
        video
        for video in given.keys() - set(unknown)
        if given[video] != splits.subjects[video]
    )
    for what, videos in (("videos of", unknown), ("subjects in", other)):
        if videos:
            raise SplitError(
                f"{path}: {what} {annotations.source} must be those that were split, "
                f"got {', '.join(videos[:5])} ({len(videos)} in all)"
            )


def _count(annotations: Annotations) -> tuple[list[str], Counts]:
    """Return the properties to balance and their frames in each video, shape (V, C)."""
    marks: dict[str, NDArray[Any]] = {"frames": np.ones(len(annotations), dtype=bool)}
    for task in (Task.VALENCE, Task.AROUSAL):
        bins = np.digitize(annotations[task].values, VALUE_BINS)
        for i in range(len(VALUE_BINS) + 1):
            marks[f"{task} range {i}"] = annotations[task].valid & (bins == i)
    units, classes = annotations.action_units, annotations.spaces.expressions.labels
    shares = annotations.class_shares(len(classes))
    for i, label in enumerate(classes):
        marks[label] = shares.values[:, i].astype(np.float64) * shares.valid[:, i]
    for i, label in enumerate(annotations.spaces.action_units.labels):
        marks[label] = units.valid[:, i] & (units.values[:, i] == 1)
    least = max(1.0, MIN_SHARE * len(annotations))
    kept = {name: mark for name, mark in marks.items() if mark.sum() >= least}
    counts = [
        np.bincount(annotations.video_index, mark, minlength=len(annotations.videos))
        for mark in kept.values()
    ]
    return list(kept), np.stack(counts, axis=1)


def _assign(per_group: Counts, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    shares = per_group / per_group.sum(0)  # (G, C)
    best, best_cost = np.zeros(len(shares), dtype=np.int64), np.inf
    for _ in range(NUM_RESTARTS):
        noise = rng.lognormal(sigma=0.3, size=len(shares))
        fold_of = _greedy(shares, np.argsort(-shares.sum(1) * noise), k)
        cost = _cost(_totals(shares, fold_of, k))
        if cost < best_cost:
            best, best_cost = fold_of, cost
    for _ in range(MAX_SWEEPS):
        if not _sweep(shares, best, k):
            break
    return best


def _greedy(shares: Counts, order: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Assign each group to the fold that it balances best, the k largest to one each."""
    totals = np.zeros((k, shares.shape[1]))
    fold_of = np.zeros(len(shares), dtype=np.int64)
    for position, group in enumerate(order.tolist()):
        grown = ((totals + shares[group] - 1 / k) ** 2 - (totals - 1 / k) ** 2).sum(1)
        fold = position if position < k else int(grown.argmin())
        totals[fold] += shares[group]
        fold_of[group] = fold
    return fold_of


def _sweep(shares: Counts, fold_of: NDArray[np.int64], k: int) -> bool:
    """Swap pairs of groups in place if that improves the balance; return if any was."""
    improved = False
    for group in range(len(shares)):
        totals = _totals(shares, fold_of, k)
        mine = fold_of[group]
        moved = shares - shares[group]  # change from each swap, (G, C)
        new_mine = totals[mine] + moved
        new_theirs = totals[fold_of] - moved
        change = (
            ((new_mine - 1 / k) ** 2).sum(1)
            + ((new_theirs - 1 / k) ** 2).sum(1)
            - ((totals[mine] - 1 / k) ** 2).sum()
            - ((totals[fold_of] - 1 / k) ** 2).sum(1)
        )
        change[fold_of == mine] = 0.0
        partner = int(change.argmin())
        if change[partner] < -1e-12:
            fold_of[[group, partner]] = fold_of[[partner, group]]
            improved = True
    return improved


def _totals(shares: Counts, fold_of: NDArray[np.int64], k: int) -> Counts:
    totals = np.zeros((k, shares.shape[1]))
    np.add.at(totals, fold_of, shares)
    return totals


def _cost(totals: Counts) -> float:
    return float(((totals - 1 / len(totals)) ** 2).sum())


def _imbalance(
    names: list[str], per_group: Counts, fold_of: NDArray[np.int64], k: int
) -> dict[str, float]:
    totals = _totals(per_group / per_group.sum(0), fold_of, k)
    worst = np.abs(totals * k - 1).max(0)
    return {name: round(float(value), 4) for name, value in zip(names, worst, strict=True)}
